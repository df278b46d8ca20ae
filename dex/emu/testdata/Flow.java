import java.util.*;

public class Flow {
    interface Op { int apply(int x); default int twice(int x) { return apply(apply(x)); } }
    static class Add implements Op { final int by; Add(int by) { this.by = by; } public int apply(int x) { return x + by; } }
    static class Mul extends Add { Mul(int by) { super(by); } @Override public int apply(int x) { return x * by + super.apply(1); } }
    enum Color { RED, GREEN, BLUE { @Override String shade() { return "deep"; } }; String shade() { return "plain"; } }
    static class Boom extends RuntimeException { final int code; Boom(String m, int code) { super(m); this.code = code; } }
    static class Late { static final List<String> log = new ArrayList<>(); static int n = init(); static int init() { log.add("late"); return 42; } }
    static int calls, made;

    static String tSwitch() {
        StringBuilder b = new StringBuilder();
        for (int i = -2; i < 12; i++) {
            switch (i) { case 0: b.append('a'); case 1: b.append('b'); break; case 2: case 3: b.append('c'); break; case 9: b.append('d'); break; default: b.append('-'); }
            switch (i * 1000) { case -2000: b.append('x'); break; case 5000: b.append('y'); break; case 11000: b.append('z'); break; }
        }
        for (String s : new String[] {"one", "two", "three", "Aa", "BB", ""}) {
            switch (s) { case "one": b.append(1); break; case "three": b.append(3); break; case "Aa": b.append("Aa!"); break; case "BB": b.append("BB!"); break; default: b.append('?'); }
        }
        for (Color c : Color.values()) {
            switch (c) { case RED: b.append("r"); break; case BLUE: b.append("b"); break; default: b.append(c.name()).append(c.ordinal()); }
            b.append(c.shade());
        }
        return b.toString();
    }
    static String tVirtual() {
        Op[] ops = {new Add(3), new Mul(4), new Op() { public int apply(int x) { return x - made++; } }};
        StringBuilder b = new StringBuilder();
        for (Op o : ops) b.append(o.twice(5)).append(' ').append(o instanceof Add).append(o instanceof Mul).append(' ');
        Object o = ops;
        b.append(o instanceof Object[]).append(o instanceof Op[]).append(o instanceof Add[]).append(o.getClass().getName());
        return b.toString();
    }
    static int tries(int k) {
        int r = 0;
        try {
            try {
                switch (k) {
                    case 0: throw new Boom("zero", 10);
                    case 1: return ((int[]) null)[0];
                    case 2: return new int[2][3][1].length + new int[1][-1].length;
                    case 3: int[][] grid = new int[3][4]; return grid[2][4];
                    case 4: Object s = "x"; return (Integer) s;
                    case 5: Object[] a = new String[1]; a[0] = 5; return 1;
                    case 6: return Integer.parseInt("12x");
                    case 7: return "abc".charAt(7);
                    case 8: throw new IllegalStateException(new Boom("inner", 3));
                }
                r += 1;
            } catch (Boom e) { r += e.code; } finally { r += 100; }
        } catch (NullPointerException e) { r += 1000; }
        catch (ArrayIndexOutOfBoundsException | ClassCastException e) { r += 2000; }
        catch (ArrayStoreException e) { r += 3000; }
        catch (NumberFormatException e) { r += 4000; }
        catch (NegativeArraySizeException e) { r += 4500; }
        catch (IndexOutOfBoundsException e) { r += 5000; }
        catch (RuntimeException e) { r += 6000 + ((Boom) e.getCause()).code; }
        return r;
    }
    static String tTry() { StringBuilder b = new StringBuilder(); for (int i = 0; i < 10; i++) b.append(tries(i)).append(' '); return b.toString(); }
    static String tInit() { return Late.log.size() + " " + Late.n + " " + Late.log.get(0); }
    static String tArrays() {
        byte[] b = {1, -2, 3}; char[] c = {'a', '\uffff'}; short[] s = {(short) 40000}; boolean[] z = {true, false}; long[] l = {1L << 40}; float[] f = {1.5f}; double[] d = {2.5};
        int[][] g = new int[3][4]; g[1][2] = 7; String[][] t = {{"x"}, {"y", "z"}};
        b[0] += 200; c[1]++; s[0]--; l[0] *= 3; f[0] /= 4; d[0] %= 2;
        byte[] copy = b.clone(); copy[1] = 9;
        System.arraycopy(b, 0, b, 1, 2);
        int sum = 0; for (int[] r : g) for (int x : r) sum += x;
        return Arrays.toString2(b, c, s, z, l, f, d) + sum + t[1][1] + t.length + copy[1] + Arrays.fill2();
    }
    static class Arrays {
        static String toString2(byte[] b, char[] c, short[] s, boolean[] z, long[] l, float[] f, double[] d) { return b[0] + "," + b[1] + "," + b[2] + (int) c[1] + s[0] + z[0] + z[1] + l[0] + f[0] + d[0]; }
        static String fill2() { char[] a = new char[4]; java.util.Arrays.fill(a, 'q'); int[] i = java.util.Arrays.copyOf(new int[] {3, 1, 2}, 5); java.util.Arrays.sort(i); return new String(a) + i[2] + i.length + java.util.Arrays.hashCode(i) + java.util.Arrays.equals(i, new int[] {0, 0, 1, 2, 3}); }
    }
    static String tDup() {
        int[] a = new int[4]; long[] l = new long[3]; int i = 0;
        a[i++] = i; a[i++] += 5; a[i] = a[i - 1]++ + ++a[0]; l[1] = l[0] = 5L; l[2] += l[1]-- * 2; long k = l[2]++; calls = a[3] = 12;
        Long box = 5L; box++; Integer q = 127, w = 127; Integer e = 1000, r = 1000;
        return a[0] + " " + a[1] + " " + a[2] + " " + a[3] + " " + l[0] + l[1] + l[2] + k + calls + box + (q == w) + e.equals(r);
    }
    static int fib(int n) { return n < 2 ? n : fib(n - 1) + fib(n - 2); }
    static String tRecursion() { return "" + fib(15); }
    static String tTrace() { StackTraceElement[] s = new Exception().getStackTrace(); return s[0].getClassName() + s[0].getMethodName() + inner(); }
    static String inner() { return new Throwable().getStackTrace()[1].getMethodName(); }
    static String tConcat() { int i = 5; long l = 6; char c = 'c'; boolean z = true; double d = 1.5; Object n = null; byte y = -3; return "i=" + i + "l" + l + c + z + d + n + y + "\u0001" + 7f; }
}
