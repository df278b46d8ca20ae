import java.io.*;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.*;
import javax.crypto.*;
import javax.crypto.spec.*;

public class Lib {
    static String hex(byte[] b) { StringBuilder s = new StringBuilder(); for (byte x : b) { s.append(Character.forDigit(x >> 4 & 15, 16)).append(Character.forDigit(x & 15, 16)); } return s.toString(); }
    static String tString() throws Exception {
        String s = "Hello, W\u00f6rld \ud83d\ude00!";
        StringBuilder b = new StringBuilder();
        b.append(s.length()).append(s.charAt(8)).append(s.indexOf("o")).append(s.indexOf('o', 5)).append(s.lastIndexOf('l')).append(s.lastIndexOf("l", 4)).append(s.substring(7)).append(s.substring(2, 4));
        b.append(s.toUpperCase()).append(s.toLowerCase()).append("  x ".trim()).append(s.replace('l', 'L')).append(s.replace("ll", "")).append("aaa".replace("", "-")).append(s.contains("W")).append(s.startsWith("He")).append(s.endsWith("!")).append(s.startsWith("W", 7));
        b.append(s.hashCode()).append(s.equals("x")).append("ABC".equalsIgnoreCase("abc")).append("b".compareTo("abc")).append("a".compareTo("abc")).append("A".compareToIgnoreCase("b")).append(s.isEmpty()).append(s.concat("?"));
        b.append(hex(s.getBytes("UTF-8"))).append(hex(s.getBytes("ISO-8859-1"))).append(hex(s.getBytes("UTF-16"))).append(hex(s.getBytes("UTF-16LE"))).append(hex(s.getBytes(StandardCharsets.US_ASCII)));
        b.append(new String(new byte[] {72, (byte) 0xc3, (byte) 0xb6}, "UTF-8")).append(new String(new byte[] {72, (byte) 0xf6}, StandardCharsets.ISO_8859_1)).append(new String(new char[] {'a', 'b', 'c'}, 1, 2)).append(new String(new byte[] {65, 66, 67}, 1, 1));
        b.append(String.valueOf(3.5)).append(String.valueOf(new char[] {'x'})).append(String.valueOf((Object) null)).append(String.join("+", "a", "b")).append("a,b,,c,,".split(",").length).append("a1b22c".split("[0-9]+")[2]).append("x.y".split("\\.")[1]).append("boo:and:foo".split("o", 2)[1]).append("a-b".replaceAll("-", "_")).append("aXbX".replaceFirst("X", ""));
        b.append(String.format("%s-%d-%05d-%x-%02X-%c%%", "s", 42, 7, 255, (byte) -2, 'c')).append("ab" == "ab").append(new String("ab") == "ab").append(new String("ab").intern() == "ab").append("abc".contentEquals(new StringBuilder("abc"))).append("ab".codePointAt(1)).append(s.codePointAt(14)).append("xy".matches("[a-z]*")).append("GBK \u4e2d".getBytes("GBK").length);
        return b.toString();
    }
    static String tBuilder() {
        StringBuilder b = new StringBuilder("abc");
        b.insert(0, 12).insert(1, "zz").append(new char[] {'q', 'r'}).append("hello", 1, 3).append(5L).append(1.5f).append(true).reverse().setCharAt(0, 'X');
        b.deleteCharAt(1).delete(0, 2).replace(0, 1, "RR").setLength(b.length() - 1);
        b.appendCodePoint(0x1f600).append((Object) "o").append(new StringBuffer("buf"));
        return b + " " + b.indexOf("z") + b.lastIndexOf("R") + b.length() + b.charAt(2) + b.substring(1, 3);
    }
    static String tNumbers() {
        StringBuilder b = new StringBuilder();
        b.append(Integer.toHexString(-5)).append(Integer.toBinaryString(10)).append(Integer.toOctalString(-1)).append(Long.toHexString(-5L)).append(Integer.parseInt("-7f", 16)).append(Integer.toString(255, 36)).append(Long.parseLong("123456789012")).append(Integer.valueOf("77")).append(Integer.decode("0x1F")).append(Integer.decode("-010"));
        b.append(Integer.bitCount(0xff)).append(Integer.rotateLeft(0x80000001, 4)).append(Integer.rotateRight(1, 1)).append(Integer.reverse(3)).append(Integer.reverseBytes(0x01020304)).append(Long.reverse(5L)).append(Integer.numberOfLeadingZeros(1)).append(Integer.numberOfTrailingZeros(8)).append(Long.numberOfLeadingZeros(1L)).append(Long.rotateLeft(-2L, 63)).append(Integer.signum(-9)).append(Integer.compare(3, 4));
        b.append(Math.abs(Integer.MIN_VALUE)).append(Math.max(-1, 3)).append(Math.min(2L, -5L)).append(Math.floor(-1.5)).append(Math.ceil(-1.5)).append(Math.round(2.5)).append(Math.round(-2.5f)).append(Math.sqrt(2)).append(Math.pow(2, 10)).append(Math.floorMod(-7, 3)).append(Math.rint(2.5));
        b.append(Character.isDigit('5')).append(Character.isLetter('\u00e4')).append(Character.toUpperCase('b')).append(Character.getNumericValue('z')).append(Character.digit('f', 16)).append(Character.isWhitespace('\t')).append(Character.isLetterOrDigit('_'));
        b.append(Boolean.parseBoolean("TRUE")).append(Boolean.valueOf(true).hashCode()).append(Long.valueOf(1L << 33).hashCode()).append(Double.valueOf(1.5).hashCode()).append(Integer.valueOf(300).equals(300)).append(Byte.valueOf((byte) 300)).append(Integer.valueOf(65).byteValue()).append(new Integer(3).longValue()).append(Double.valueOf(3.99).intValue()).append(Short.parseShort("-12"));
        return b.toString();
    }
    static String tRandom() {
        Random r = new Random(42); byte[] k = new byte[7]; StringBuilder b = new StringBuilder();
        for (int i = 0; i < 20; i++) b.append(r.nextInt()).append(' ').append(r.nextInt(100)).append(' ').append(r.nextInt(64)).append(' ').append(r.nextLong()).append(r.nextBoolean()).append(r.nextFloat()).append(r.nextDouble());
        r.nextBytes(k); r.setSeed(-99); b.append(hex(k)).append(r.nextInt(1 << 30 | 1));
        return b.toString().hashCode() + b.substring(0, 80);
    }
    static String tBig() {
        BigInteger a = new BigInteger("123456789012345678901234567890"), c = new BigInteger("-ff00ff00ff", 16), d = BigInteger.valueOf(97);
        StringBuilder b = new StringBuilder();
        b.append(a.add(c)).append(a.subtract(c)).append(a.multiply(c)).append(a.divide(c)).append(a.mod(d)).append(c.mod(d)).append(c.remainder(d)).append(a.modPow(d, BigInteger.valueOf(1000007))).append(d.modInverse(BigInteger.valueOf(1009))).append(d.pow(5)).append(a.xor(c)).append(a.and(c)).append(c.or(d)).append(c.not()).append(a.shiftLeft(9)).append(c.shiftRight(3)).append(c.negate()).append(hex(a.toByteArray())).append(hex(c.toByteArray())).append(hex(BigInteger.valueOf(-128).toByteArray())).append(hex(BigInteger.valueOf(128).toByteArray())).append(c.bitLength()).append(c.intValue()).append(a.longValue()).append(a.toString(36)).append(c.signum()).append(a.compareTo(c)).append(new BigInteger(1, new byte[] {-1, 2})).append(new BigInteger(new byte[] {-1, 2})).append(a.gcd(BigInteger.TEN)).append(c.testBit(3)).append(BigInteger.ZERO.toByteArray().length);
        return b.toString();
    }
    static String tCollections() {
        List<String> l = new ArrayList<>(); Map<String, Integer> m = new HashMap<>(); Set<Object> s = new HashSet<>();
        for (int i = 0; i < 5; i++) { l.add("e" + i); m.put("k" + i % 3, i); s.add(i / 2); }
        l.remove(1); l.set(0, "first"); l.add(1, "ins"); Collections.reverse(l);
        StringBuilder b = new StringBuilder();
        for (String x : l) b.append(x).append(';');
        b.append(l.size()).append(l.indexOf("e3")).append(l.contains("zz")).append(m.get("k1")).append(m.get("none")).append(m.containsKey("k2")).append(m.size()).append(m.remove("k0")).append(m.size()).append(s.size()).append(s.contains(2)).append(l.toArray(new String[0]).length).append(Arrays.asList("a", "b").get(1));
        return b.toString();
    }
    static String tStreams() throws Exception {
        ByteArrayOutputStream o = new ByteArrayOutputStream(); DataOutputStream d = new DataOutputStream(o);
        d.writeInt(0x01020304); d.writeShort(-2); d.writeLong(5L); d.writeByte(200); o.write("tail".getBytes()); o.write(new byte[] {1, 2, 3}, 1, 2);
        DataInputStream in = new DataInputStream(new ByteArrayInputStream(o.toByteArray()));
        StringBuilder b = new StringBuilder();
        b.append(in.readInt()).append(in.readShort()).append(in.readLong()).append(in.readByte()).append((char) in.read()).append(in.available());
        byte[] rest = new byte[10]; int n = in.read(rest); b.append(n).append(new String(rest, 0, 3)).append(in.read());
        java.util.zip.CRC32 c = new java.util.zip.CRC32(); c.update("abc".getBytes()); b.append(c.getValue());
        java.util.zip.GZIPInputStream g = new java.util.zip.GZIPInputStream(new ByteArrayInputStream(Base64.getDecoder().decode("H4sIAAAAAAAAA8tIzcnJBwCGphA2BQAAAA==")));
        byte[] buf = new byte[64]; int k; while ((k = g.read(buf)) > 0) b.append(new String(buf, 0, k));
        return b.toString();
    }
    static String tCrypto() throws Exception {
        StringBuilder b = new StringBuilder();
        for (String a : new String[] {"MD5", "SHA-1", "SHA-256", "SHA-512"}) { MessageDigest d = MessageDigest.getInstance(a); d.update((byte) 1); b.append(hex(d.digest("abc".getBytes()))); }
        Mac mac = Mac.getInstance("HmacSHA256"); mac.init(new SecretKeySpec("key".getBytes(), "HmacSHA256")); b.append(hex(mac.doFinal("msg".getBytes())));
        byte[] key = "0123456789abcdef".getBytes(), iv = "fedcba9876543210".getBytes(), msg = "a message that is a little longer".getBytes();
        for (String t : new String[] {"AES/CBC/PKCS5Padding", "AES/ECB/PKCS5Padding", "AES/CTR/NoPadding", "AES/CFB/NoPadding", "AES/OFB/NoPadding", "AES"}) {
            Cipher c = Cipher.getInstance(t); SecretKeySpec k = new SecretKeySpec(key, "AES");
            if (t.contains("ECB") || t.equals("AES")) c.init(Cipher.ENCRYPT_MODE, k); else c.init(Cipher.ENCRYPT_MODE, k, new IvParameterSpec(iv));
            byte[] e = c.doFinal(msg); b.append(hex(e));
            if (t.contains("ECB") || t.equals("AES")) c.init(Cipher.DECRYPT_MODE, k); else c.init(Cipher.DECRYPT_MODE, k, new IvParameterSpec(iv));
            b.append(new String(c.doFinal(e)));
        }
        Cipher g = Cipher.getInstance("AES/GCM/NoPadding"); g.init(1, new SecretKeySpec(key, "AES"), new GCMParameterSpec(128, new byte[12])); g.updateAAD(iv); b.append(hex(g.doFinal(msg)));
        Cipher d = Cipher.getInstance("DES/CBC/PKCS5Padding"); d.init(1, SecretKeyFactory.getInstance("DES").generateSecret(new DESKeySpec(key)), new IvParameterSpec(iv, 0, 8)); b.append(hex(d.doFinal(msg)));
        Cipher t = Cipher.getInstance("DESede"); t.init(1, new SecretKeySpec("0123456789abcdef01234567".getBytes(), "DESede")); b.append(hex(t.doFinal(msg)));
        Cipher r = Cipher.getInstance("RC4"); r.init(2, new SecretKeySpec(key, "RC4")); b.append(hex(r.doFinal(msg)));
        try { Cipher x = Cipher.getInstance("AES/CBC/PKCS5Padding"); x.init(2, new SecretKeySpec(key, "AES"), new IvParameterSpec(iv)); x.doFinal(new byte[32]); b.append("?"); } catch (BadPaddingException e) { b.append("bad padding"); }
        b.append(hex(SecretKeyFactory.getInstance("PBKDF2WithHmacSHA1").generateSecret(new PBEKeySpec("pw".toCharArray(), iv, 20, 128)).getEncoded()));
        b.append(Base64.getEncoder().encodeToString(msg)).append(new String(Base64.getDecoder().decode("aGk="))).append(Base64.getUrlEncoder().withoutPadding().encodeToString(new byte[] {-1, -2}));
        return b.toString();
    }
    static String tUrl() throws Exception { return java.net.URLDecoder.decode("a%20b+c%C3%B6", "UTF-8") + java.net.URLEncoder.encode("a b/\u00f6*~", "UTF-8"); }
}
