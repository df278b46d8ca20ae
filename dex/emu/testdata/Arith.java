public class Arith {
    static int[] ints = {0, 1, -1, 2, -2, 7, -7, 31, 32, 33, 63, 64, 255, 256, -256, 65535, 65536, 0x7fffffff, 0x80000000, 0x80000001, 0x12345678, 0xdeadbeef};
    static long[] longs = {0, 1, -1, 2, -2, 31, 63, 64, 0xffffffffL, 0x100000000L, Long.MAX_VALUE, Long.MIN_VALUE, Long.MIN_VALUE + 1, 0x123456789abcdefL, -0x123456789abcdefL};
    static float[] floats = {0f, -0f, 1f, -1f, 0.5f, 3.4e38f, -3.4e38f, 1e-45f, Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY, 2147483648f, 1.5e10f, 123.456f};
    static double[] doubles = {0, -0.0, 1, -1, 0.5, 1e308, 5e-324, Double.NaN, Double.POSITIVE_INFINITY, Double.NEGATIVE_INFINITY, 2147483648.0, 9.3e18, -9.3e18, 123.456};

    static String tInt() {
        StringBuilder b = new StringBuilder();
        for (int x : ints) for (int y : ints) {
            b.append(x + y).append(',').append(x - y).append(',').append(x * y).append(',').append(x & y).append(',').append(x | y).append(',').append(x ^ y);
            b.append(',').append(x << y).append(',').append(x >> y).append(',').append(x >>> y).append(',');
            try { b.append(x / y).append(',').append(x % y); } catch (ArithmeticException e) { b.append(e.getMessage()); }
            b.append(x < y).append(x <= y).append(x == y).append(x != y).append(x > y).append(x >= y).append('\n');
        }
        return hash(b);
    }
    static String tLong() {
        StringBuilder b = new StringBuilder();
        for (long x : longs) for (long y : longs) {
            b.append(x + y).append(',').append(x - y).append(',').append(x * y).append(',').append(x & y).append(',').append(x | y).append(',').append(x ^ y);
            b.append(',').append(x << y).append(',').append(x >> y).append(',').append(x >>> y).append(',').append(x << (int) y);
            try { b.append(x / y).append(',').append(x % y); } catch (ArithmeticException e) { b.append(e.getMessage()); }
            b.append(x < y).append(x <= y).append(x == y).append(x != y).append(x > y).append(x >= y).append('\n');
        }
        return hash(b);
    }
    static String tUnary() {
        StringBuilder b = new StringBuilder();
        for (int x : ints) b.append(-x).append(',').append(~x).append(',').append((byte) x).append(',').append((short) x).append(',').append((int) (char) x).append(',').append((long) x)
            .append(',').append(Float.floatToIntBits((float) x)).append(',').append(Double.doubleToLongBits((double) x)).append(',').append(x * 31 + 7).append(x << 3).append(x >> 3).append(x >>> 3).append(x / 3).append(x % 10).append(x & 0xff).append(100 - x).append('\n');
        for (long x : longs) b.append(-x).append(',').append(~x).append(',').append((int) x).append(',').append(Float.floatToIntBits((float) x)).append(',').append(Double.doubleToLongBits((double) x)).append('\n');
        for (float x : floats) b.append((int) x).append(',').append((long) x).append(',').append(Double.doubleToLongBits((double) x)).append(',').append(Float.floatToIntBits(-x)).append('\n');
        for (double x : doubles) b.append((int) x).append(',').append((long) x).append(',').append(Float.floatToIntBits((float) x)).append(',').append(Double.doubleToLongBits(-x)).append('\n');
        return hash(b);
    }
    static String tFloat() {
        StringBuilder b = new StringBuilder();
        for (float x : floats) for (float y : floats) {
            b.append(Float.floatToIntBits(x + y)).append(',').append(Float.floatToIntBits(x - y)).append(',').append(Float.floatToIntBits(x * y)).append(',').append(Float.floatToIntBits(x / y)).append(',').append(Float.floatToIntBits(x % y));
            b.append(x < y).append(x <= y).append(x == y).append(x != y).append(x > y).append(x >= y).append(!(x < y)).append(!(x > y)).append('\n');
        }
        for (double x : doubles) for (double y : doubles) {
            b.append(Double.doubleToLongBits(x + y)).append(',').append(Double.doubleToLongBits(x - y)).append(',').append(Double.doubleToLongBits(x * y)).append(',').append(Double.doubleToLongBits(x / y)).append(',').append(Double.doubleToLongBits(x % y));
            b.append(x < y).append(x <= y).append(x == y).append(x != y).append(x > y).append(x >= y).append(!(x < y)).append(!(x > y)).append('\n');
        }
        return hash(b);
    }
    static String tShow() {
        StringBuilder b = new StringBuilder();
        for (float x : new float[] {0f, 1f, 1.5f, 100f, 1e7f, 1.2e10f, 0.001f, Float.NaN, -2.5f}) b.append(x).append(' ');
        for (double x : new double[] {0, 1, 1.5, 100, 1e7, 1.25e20, 0.001, 0.01, 12345.678, Double.NaN, -2.5, 1e-10}) b.append(x).append(' ');
        b.append(Long.MIN_VALUE).append(Integer.MIN_VALUE).append(true).append('x').append((Object) null).append((String) null);
        return b.toString();
    }
    static String hash(StringBuilder b) { return b.length() + ":" + b.toString().hashCode() + ":" + b.substring(0, Math.min(60, b.length())).replace('\n', '|'); }
}
