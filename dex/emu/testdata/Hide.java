import java.util.*;
import javax.crypto.*;
import javax.crypto.spec.*;

// Shapes in which code hides strings.
public class Hide {
    static final byte[] KEY = {0x13, 0x37, 0x42};
    static String xor(String s) { char[] c = s.toCharArray(); for (int i = 0; i < c.length; i++) c[i] ^= KEY[i % KEY.length]; return new String(c); }
    static String tXor() { return xor("{C6c\u0004xbo") + xor(""); }

    static final String[] z;
    static {
        String[] a = new String[3];
        int i = 0; String s = "mR#\u0002Bz\u001fm\u0019T"; int which = -1;
        while (true) {
            char[] c = s.toCharArray(); int n = c.length, k = 0;
            while (k < n) { int x; switch (k % 5) { case 0: x = 14; break; case 1: x = 61; break; case 2: x = 67; break; case 3: x = 99; break; default: x = 55; } c[k] = (char) (c[k] ^ x); k++; }
            a[i] = new String(c).intern();
            switch (which) { case 0: i = 2; s = "a\u0011xj"; which = 1; continue; case 1: z = a; break; default: i = 1; s = "kY&\n"; which = 0; continue; }
            break;
        }
    }
    static String tZ() { return z[0] + z[1] + z[2]; }

    static final byte[] $$a = {80, -31, 12, 5, -3, 11, -7, 2, 9, -12, 4, 1};
    static String triple(byte a, short b, int c) {
        int at = 11 - a, n = b + 1, x = c + 97; byte[] out = new byte[n]; byte[] t = $$a; int i = 0;
        if (t == null) { x = n + at; }
        while (true) { out[i] = (byte) x; if (i == b) break; i++; x = x + t[at++ % 12] - 1; }
        return new String(out, 0);
    }
    static String tTriple() { byte k = $$a[3]; return triple(k, (short) (k + 1), $$a[7]) + triple((byte) 0, (short) 3, 4); }

    static String aes(String s) throws Exception {
        Cipher c = Cipher.getInstance("AES/CBC/PKCS5Padding");
        c.init(Cipher.DECRYPT_MODE, new SecretKeySpec("0123456789abcdef".getBytes("UTF-8"), "AES"), new IvParameterSpec(new byte[16]));
        return new String(c.doFinal(Base64.getDecoder().decode(s)), "UTF-8");
    }
    static String tAes() throws Exception { Cipher c = Cipher.getInstance("AES/CBC/PKCS5Padding"); c.init(1, new SecretKeySpec("0123456789abcdef".getBytes("UTF-8"), "AES"), new IvParameterSpec(new byte[16])); return aes(Base64.getEncoder().encodeToString(c.doFinal("https://h.example/x".getBytes()))); }

    static String caller(String s) { StackTraceElement e = new Exception().getStackTrace()[1]; int k = (e.getMethodName() + e.getClassName()).hashCode(); char[] c = s.toCharArray(); for (int i = 0; i < c.length; i++) { c[i] ^= (char) (k & 0x1f); k = k >>> 3 | k << 29; } return new String(c); }
    static String tCaller() { return caller(caller("plain text")); }
    static String tSeed() { Random r = new Random(1234567L); StringBuilder b = new StringBuilder(); for (char c : "qzv".toCharArray()) b.append((char) (c ^ r.nextInt(32))); return b.toString(); }
}
