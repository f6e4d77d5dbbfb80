-- Ids are drawn by the thousand in each transaction: a session takes them in stocks. Gaps mean nothing.
ALTER SEQUENCE record_ids CACHE 100;
