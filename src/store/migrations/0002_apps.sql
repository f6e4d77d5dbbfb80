-- The parties that may call a node, as `sesame app` keeps them (§6.5.1 授权管理, §7.2), beside those of the settings.

CREATE TABLE apps (
    appid              text        PRIMARY KEY COLLATE "C",  -- 应用账号 (§6.2.2)
    name               text        NOT NULL,  -- for people
    home               integer     NOT NULL,  -- the app's own region: XZQHDM where a modify or delete leaves it out
    regions            integer[]   NOT NULL,  -- it may write and read; each covers all below
    busicodes          smallint[],            -- granted; null: all
    actions            smallint[],            -- granted, 1 add, 2 modify, 3 delete, 4 query; null: all
    authentication     text        NOT NULL CHECK (authentication IN ('signature', 'certificate', 'both')),  -- §7.2
    certificate        text,                  -- subject of its client certificate; null: none is asked for
    profile            text        NOT NULL CHECK (profile IN ('digest', 'full', 'cmac', 'hmac')),
    -- Keys are sealed under the node's master key, which is not in the database. The seal names appid and column, so
    -- that a sealed key moved to another row or column does not open.
    key                bytea       NOT NULL,
    previous_key       bytea,                 -- good beside `key` until `previous_until`
    previous_until     timestamptz,
    data_key           bytea,                 -- where given, every exchange must be encrypted (§7.1)
    operator           boolean     NOT NULL,  -- sees the log of all apps
    datalist_as_string boolean     NOT NULL,  -- how its answers are written (table 4)
    always_ok          boolean     NOT NULL,  -- its answers always have the HTTP status 200
    is_test            boolean     NOT NULL,  -- SIGN_MISMATCH names the likely cause
    volume             json        NOT NULL,  -- what was agreed of §7.3, by the names in the settings
    disabled_at        timestamptz,           -- null: it may call
    created_at         timestamptz NOT NULL,
    changed_at         timestamptz NOT NULL,
    CHECK ((authentication = 'signature') = (certificate IS NULL)),
    CHECK ((previous_key IS NULL) = (previous_until IS NULL)),
    CHECK (array_position(regions, NULL) IS NULL AND cardinality(regions) > 0),
    CHECK (array_position(busicodes, NULL) IS NULL AND array_position(actions, NULL) IS NULL)
);

-- Counts the changes of `apps`, so that a running node learns with one cheap look whether there is one. Transactions that
-- change apps meet at this row, so whoever sees a number sees every change up to it.
CREATE TABLE apps_version (
    one     boolean PRIMARY KEY DEFAULT true CHECK (one),
    version bigint  NOT NULL
);
INSERT INTO apps_version (version) VALUES (1);

-- By a trigger, so that a change by hand counts too.
CREATE FUNCTION count_change_of_apps() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE apps_version SET version = version + 1;
    RETURN NULL;
END $$;
CREATE TRIGGER apps_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON apps
    FOR EACH STATEMENT EXECUTE FUNCTION count_change_of_apps();

-- Who changed what on which app (§6.5.1 审计): written in the transaction of the change, never changed, never deleted.
CREATE TABLE app_acts (
    id      bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at      timestamptz NOT NULL,
    appid   text        NOT NULL,
    act     text        NOT NULL,  -- add | grant | set | rotate | disable | enable
    by_user text        NOT NULL,  -- of the operating system
    by_host text        NOT NULL,
    detail  json        NOT NULL   -- {member: {"from": ..., "to": ...}}; never a key
);
CREATE INDEX app_acts_appid ON app_acts (appid, id);

CREATE FUNCTION refuse_change_of_acts() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'acts on apps are only ever added, never changed or deleted';
END $$;
CREATE TRIGGER app_acts_kept BEFORE UPDATE OR DELETE OR TRUNCATE ON app_acts
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change_of_acts();
