// Sends one signed exchange to sesame and verifies the answer. Needs Java 17, hutool and BouncyCastle:
//
//     cn.hutool:hutool-crypto:5.8.26    org.bouncycastle:bcprov-jdk18on:1.78.1
//
//     java -cp 'lib/*' Sign.java URL APPID KEYHEX BUSICODE ACTION FILE [--random R] [--sign-only]
//
// FILE holds the busilist: a JSON array of flat objects, in UTF-8. --random sets 请求随机标识 instead of a new UUID;
// --sign-only prints the signature and sends nothing. Exit status: 0 accepted, 1 refused or not verified, 2 wrong usage.

import cn.hutool.crypto.SmUtil;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;

public class Sign {
    // [begin: sesame app add]
    /** Upper-case hex of SM4-ECB-PKCS#7(key, lower-case hex of SM3(canonical)). */
    static String sign(byte[] key, String canonical) {
        return SmUtil.sm4(key).encryptHex(SmUtil.sm3(canonical)).toUpperCase();
    }

    /** The busilist travels as a JSON string: its text is signed, and no library can reformat it. */
    static String buildRequest(String appid, String busicode, String action, String busilist, String random, String sign) {
        return "{\"appid\":" + quote(appid) + ",\"busicode\":" + quote(busicode) + ",\"action\":" + quote(action)
            + ",\"busilist\":" + quote(busilist) + ",\"random\":" + quote(random) + ",\"sign\":" + quote(sign) + "}";
    }

    static String canonical(String appid, String busicode, String action, String busilist, String random) {
        return "action=" + action + "&appid=" + appid + "&busicode=" + busicode + "&busilist=" + busilist
            + "&random=" + random;
    }

    /** A text as a JSON string literal. */
    static String quote(String text) {
        StringBuilder literal = new StringBuilder("\"");
        for (char c : text.toCharArray()) {
            if (c == '"' || c == '\\') {
                literal.append('\\').append(c);
            } else if (c < ' ') {
                literal.append(String.format("\\u%04x", (int) c));
            } else {
                literal.append(c);
            }
        }
        return literal.append('"').toString();
    }

    /** The body of the response. A refusal comes with a 4xx status and is an answer like any other. */
    static String post(String url, String body) throws Exception {
        HttpRequest request = HttpRequest.newBuilder(URI.create(url))
            .header("Content-Type", "application/json; charset=utf-8")
            .POST(HttpRequest.BodyPublishers.ofString(body))
            .build();
        return HttpClient.newHttpClient().send(request, HttpResponse.BodyHandlers.ofString()).body();
    }
    // [end: sesame app add]

    /** The content of a JSON string literal. */
    static String unquote(String literal) {
        StringBuilder text = new StringBuilder();
        for (int at = 1; at < literal.length() - 1; at++) {
            char c = literal.charAt(at);
            if (c == '\\') {
                c = literal.charAt(++at);
                int control = "bfnrt".indexOf(c);
                if (c == 'u') {
                    c = (char) Integer.parseInt(literal.substring(at + 1, at + 5), 16);
                    at += 4;
                } else if (control >= 0) {
                    c = "\b\f\n\r\t".charAt(control);
                }
            }
            text.append(c);
        }
        return text.toString();
    }

    /** Just past the JSON value that begins at {@code at}. */
    static int endOfValue(String json, int at) {
        for (int depth = 0; ; at++) {
            char c = json.charAt(at);
            if (c == '"') {
                for (at++; json.charAt(at) != '"'; at++) {
                    if (json.charAt(at) == '\\') {
                        at++;
                    }
                }
            } else if (c == '{' || c == '[') {
                depth++;
            } else if (c == '}' || c == ']') {
                depth--;
            } else if (depth == 0 && " \t\r\n,}]".indexOf(json.charAt(at + 1)) >= 0) {
                return at + 1;
            }
            if (depth == 0 && (c == '"' || c == '}' || c == ']')) {
                return at + 1;
            }
        }
    }

    /** The members of a JSON object, each value as its exact text: the signature covers the text, not what it means. */
    static Map<String, String> rawMembers(String json) {
        Map<String, String> members = new LinkedHashMap<>();
        int at = skip(json, json.indexOf('{') + 1, " \t\r\n");
        while (json.charAt(at) != '}') {
            int nameEnd = endOfValue(json, at);
            int start = skip(json, nameEnd, " \t\r\n:");
            int end = endOfValue(json, start);
            members.put(unquote(json.substring(at, nameEnd)), json.substring(start, end));
            at = skip(json, end, " \t\r\n,");
        }
        return members;
    }

    static int skip(String json, int at, String what) {
        while (what.indexOf(json.charAt(at)) >= 0) {
            at++;
        }
        return at;
    }

    /** What is signed of an answer: the exact text of datalist, or its content where a node sends it as a string (table 4). */
    static String datalist(Map<String, String> answer) {
        String datalist = answer.get("datalist");
        return datalist.startsWith("\"") ? unquote(datalist) : datalist;
    }

    public static void main(String[] args) throws Exception {
        List<String> given = new ArrayList<>(List.of(args));
        boolean signOnly = given.remove("--sign-only");
        String random = UUID.randomUUID().toString();
        int option = given.indexOf("--random");
        if (option >= 0 && option + 1 < given.size()) {
            random = given.remove(option + 1);
            given.remove(option);
        }
        if (given.size() != 6 || !given.get(2).matches("[0-9a-fA-F]{32}")) {
            System.err.println("expected URL APPID KEYHEX (32 hexadecimal digits) BUSICODE ACTION FILE");
            System.exit(2);
        }
        byte[] key = HexFormat.of().parseHex(given.get(2));
        String appid = given.get(1);
        String busicode = given.get(3);
        String action = given.get(4);
        String busilist = Files.readString(Path.of(given.get(5))).replaceFirst("^\uFEFF", "").strip();

        String sign = sign(key, canonical(appid, busicode, action, busilist, random));
        if (signOnly) {
            System.out.println(sign);
            return;
        }
        String body = post(given.get(0), buildRequest(appid, busicode, action, busilist, random, sign));
        System.out.println(body);
        Map<String, String> answer = rawMembers(body);
        String datalist = datalist(answer);
        boolean verified = unquote(answer.get("random")).equals(random)
            && unquote(answer.get("sign")).equalsIgnoreCase(sign(key, "datalist=" + datalist + "&random=" + random));
        System.err.println("answer signature: " + (verified ? "verified" : "NOT VERIFIED"));
        System.exit(verified && unquote(rawMembers(datalist).get("result")).equals("0001") ? 0 : 1);
    }
}
