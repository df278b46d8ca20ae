package emu

import (
	"math"
	"slices"
)

// android adds what code of Android apps calls that hides strings. Some of it
// is asked for its answer to a question that means nothing ("the alpha of colour
// 0"), so that whoever does not know it cannot follow.
func (l library) android() {
	const log = "Landroid/util/Log;"
	for _, n := range []string{"v", "d", "i", "w", "e"} {
		l.static(log, nothing, n+"("+stringDesc+stringDesc+")", n+"("+stringDesc+stringDesc+throwableDesc+")")
	}
	const tu = "Landroid/text/TextUtils;"
	l.static(tu, func(m *Machine, a []slot) slot { return truth(a[0].o == nil || len(m.seq(a[0])) == 0) }, "isEmpty("+seqDesc+")")
	l.static(tu, func(m *Machine, a []slot) slot {
		if a[0].o == nil || a[1].o == nil {
			return truth(a[0].o == a[1].o)
		}
		return truth(slices.Equal(m.seq(a[0]), m.seq(a[1])))
	}, "equals("+seqDesc+seqDesc+")")
	l.static(tu, func(m *Machine, a []slot) slot { return num(indexOf(m.seq(a[0]), []uint16{uint16(a[1].n)}, 0)) }, "indexOf("+seqDesc+"C)")
	l.static(tu, func(m *Machine, a []slot) slot {
		return num(indexOf(m.seq(a[0]), []uint16{uint16(a[1].n)}, int(a[2].n)))
	}, "indexOf("+seqDesc+"CI)")
	l.static(tu, func(m *Machine, a []slot) slot {
		u := m.seq(a[0])
		u = u[:min(int64(len(u)), max(a[3].n, 0))]
		return num(indexOf(u, []uint16{uint16(a[1].n)}, int(a[2].n)))
	}, "indexOf("+seqDesc+"CII)")
	l.static(tu, func(m *Machine, a []slot) slot { return num(indexOf(m.seq(a[0]), m.seq(a[1]), 0)) }, "indexOf("+seqDesc+seqDesc+")")
	l.static(tu, func(m *Machine, a []slot) slot { return num(indexOf(m.seq(a[0]), m.seq(a[1]), int(a[2].n))) }, "indexOf("+seqDesc+seqDesc+"I)")
	l.static(tu, func(m *Machine, a []slot) slot {
		u := m.seq(a[0])
		u = u[:min(int64(len(u)), max(a[3].n, 0))]
		return num(indexOf(u, m.seq(a[1]), int(a[2].n)))
	}, "indexOf("+seqDesc+seqDesc+"II)")
	l.static(tu, func(m *Machine, a []slot) slot {
		return num(lastIndexOf(m.seq(a[0]), []uint16{uint16(a[1].n)}, math.MaxInt32))
	}, "lastIndexOf("+seqDesc+"C)")
	l.static(tu, func(m *Machine, a []slot) slot {
		return num(lastIndexOf(m.seq(a[0]), []uint16{uint16(a[1].n)}, int(a[2].n)))
	}, "lastIndexOf("+seqDesc+"CI)")
	l.static(tu, func(m *Machine, a []slot) slot {
		// Between the third argument and the fourth, from behind.
		u := m.seq(a[0])
		i := lastIndexOf(u, []uint16{uint16(a[1].n)}, int(min(a[3].n, int64(len(u)))-1))
		if i < a[2].n {
			i = -1
		}
		return num(i)
	}, "lastIndexOf("+seqDesc+"CII)")
	l.static(tu, func(m *Machine, a []slot) slot {
		u := m.seq(a[0])
		for len(u) > 0 && u[0] <= ' ' {
			u = u[1:]
		}
		for len(u) > 0 && u[len(u)-1] <= ' ' {
			u = u[:len(u)-1]
		}
		return num(int64(len(u)))
	}, "getTrimmedLength("+seqDesc+")")
	empty := func(v int64) func(m *Machine, a []slot) slot {
		return func(m *Machine, a []slot) slot {
			if len(m.seq(a[0])) != 0 {
				m.fail(errNotModelled)
			}
			return num(v)
		}
	}
	l.static(tu, empty(0), "getOffsetBefore("+seqDesc+"I)", "getOffsetAfter("+seqDesc+"I)", "getCapsMode("+seqDesc+"II)")

	// Colours (android.graphics.Color).
	const color = "Landroid/graphics/Color;"
	for name, at := range map[string]uint{"alpha(I)": 24, "red(I)": 16, "green(I)": 8, "blue(I)": 0} {
		l.static(color, func(m *Machine, a []slot) slot { return num(int64(uint32(a[0].n)>>at) & 0xff) }, name)
	}
	l.static(color, func(m *Machine, a []slot) slot {
		return num(int64(int32(0xff<<24 | uint32(a[0].n)<<16 | uint32(a[1].n)<<8 | uint32(a[2].n))))
	}, "rgb(III)")
	l.static(color, func(m *Machine, a []slot) slot {
		return num(int64(int32(uint32(a[0].n)<<24 | uint32(a[1].n)<<16 | uint32(a[2].n)<<8 | uint32(a[3].n))))
	}, "argb(IIII)")

	// Constants of android.view.ViewConfiguration, public since long.
	const vc = "Landroid/view/ViewConfiguration;"
	for name, v := range map[string][2]int64{
		"getScrollBarSize()": {10, 4}, "getScrollBarFadeDuration()": {250, 250}, "getScrollDefaultDelay()": {300, 300}, "getFadingEdgeLength()": {12, 12},
		"getPressedStateDuration()": {64, 125}, "getLongPressTimeout()": {500, 400}, "getKeyRepeatTimeout()": {500, 400}, "getKeyRepeatDelay()": {50, 50},
		"getTapTimeout()": {100, 180}, "getJumpTapTimeout()": {500, 500}, "getDoubleTapTimeout()": {300, 300}, "getEdgeSlop()": {12, 12},
		"getTouchSlop()": {8, 16}, "getWindowTouchSlop()": {16, 16}, "getMinimumFlingVelocity()": {50, 50}, "getMaximumFlingVelocity()": {8000, 4000},
		"getMaximumDrawingCacheSize()": {1536000, 614400},
	} {
		l.static(vc, func(m *Machine, a []slot) slot { return num(m.differs(v[0], v[1])) }, name)
	}
	l.static(vc, func(m *Machine, a []slot) slot { return num(m.differs(3000, 3001)) }, "getZoomControlsTimeout()", "getGlobalActionKeyTimeout()")
	l.static(vc, func(m *Machine, a []slot) slot { return num(floatBits(0.015)) }, "getScrollFriction()")

	// The process and the clock: what they say differs; only what does not
	// depend on it is believed.
	l.static("Landroid/os/Process;", func(m *Machine, a []slot) slot { return num(m.differs(4711, 12345)) }, "myPid()", "myTid()", "myUid()")
	l.static("Landroid/os/Process;", func(m *Machine, a []slot) slot { return num(m.differs(1234, 98765)) }, "getElapsedCpuTime()")
	// Of no name nothing is known.
	unnamed := func(v int64) func(m *Machine, a []slot) slot {
		return func(m *Machine, a []slot) slot {
			if len(m.str(a[0])) != 0 {
				m.fail(errNotModelled)
			}
			return num(v)
		}
	}
	l.static("Landroid/os/Process;", unnamed(-1), "getGidForName("+stringDesc+")", "getUidForName("+stringDesc+")")
	l.static("Landroid/os/Process;", func(m *Machine, a []slot) slot { return num(m.differs(0, 10)) }, "getThreadPriority(I)")
	l.static("Landroid/view/KeyEvent;", unnamed(0), "keyCodeFromString("+stringDesc+")")
	l.static("Landroid/telephony/PhoneNumberUtils;", unnamed(129), "toaFromString("+stringDesc+")")
	l.static("Landroid/view/MotionEvent;", unnamed(-1), "axisFromString("+stringDesc+")")
	l.static("Landroid/os/SystemClock;", func(m *Machine, a []slot) slot { return num(m.differs(1_234_567, 98_765_432)) },
		"elapsedRealtime()", "uptimeMillis()", "currentThreadTimeMillis()", "elapsedRealtimeNanos()")

	// Questions whose answer is fixed by their arguments.
	zero := func(m *Machine, a []slot) slot {
		for _, s := range a {
			if s.n != 0 || s.o != nil && len(m.seq(s)) != 0 {
				m.fail(errNotModelled)
			}
		}
		return slot{}
	}
	l.static("Landroid/view/View$MeasureSpec;", func(m *Machine, a []slot) slot { return num(int64(int32(uint32(a[0].n) & 0xc0000000))) }, "getMode(I)")
	l.static("Landroid/view/View$MeasureSpec;", func(m *Machine, a []slot) slot { return num(a[0].n & 0x3fffffff) }, "getSize(I)")
	l.static("Landroid/view/View$MeasureSpec;", zero, "makeMeasureSpec(II)")
	l.static("Landroid/view/View;", zero, "resolveSize(II)", "resolveSizeAndState(III)", "combineMeasuredStates(II)", "getDefaultSize(II)")
	l.static("Landroid/view/Gravity;", zero, "getAbsoluteGravity(II)")
	l.static("Landroid/view/KeyEvent;", zero, "getDeadChar(II)", "normalizeMetaState(I)")
	l.static("Landroid/view/KeyEvent;", func(m *Machine, a []slot) slot { return num(m.differs(289, 316)) }, "getMaxKeyCode()")
	l.static("Landroid/view/KeyEvent;", func(m *Machine, a []slot) slot { return num(0x770ff) }, "getModifierMetaStateMask()")
	l.static("Landroid/text/AndroidCharacter;", func(m *Machine, a []slot) slot {
		if c := a[0].n; c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' {
			return a[0]
		}
		m.fail(errNotModelled)
		return slot{}
	}, "getMirror(C)")
	l.static("Landroid/graphics/drawable/Drawable;", zero, "resolveOpacity(II)")
	l.static("Landroid/graphics/ImageFormat;", func(m *Machine, a []slot) slot {
		if a[0].n != 0 {
			m.fail(errNotModelled)
		}
		return num(-1)
	}, "getBitsPerPixel(I)")
	l.static("Landroid/util/TypedValue;", zero, "complexToFloat(I)", "complexToFraction(IFF)")
	l.static("Landroid/graphics/PointF;", func(m *Machine, a []slot) slot {
		x, y := float64(f32(a[0])), float64(f32(a[1]))
		if x != 0 && y != 0 {
			m.fail(errNotModelled)
		}
		return num(floatBits(float32(math.Abs(x + y))))
	}, "length(FF)")
	l.static("Landroid/media/AudioTrack;", func(m *Machine, a []slot) slot { return num(floatBits(1)) }, "getMaxVolume()")
	l.static("Landroid/media/AudioTrack;", func(m *Machine, a []slot) slot { return num(floatBits(0)) }, "getMinVolume()")
	const packed = "Landroid/widget/ExpandableListView;"
	l.static(packed, func(m *Machine, a []slot) slot {
		switch {
		case a[0].n == 0xffffffff:
			return num(2)
		case a[0].n < 0:
			return num(1)
		}
		return num(0)
	}, "getPackedPositionType(J)")
	l.static(packed, func(m *Machine, a []slot) slot {
		if a[0].n == 0xffffffff {
			return num(-1)
		}
		return num(int64(uint64(a[0].n) & 0x7fffffff00000000 >> 32))
	}, "getPackedPositionGroup(J)")
	l.static(packed, func(m *Machine, a []slot) slot {
		if a[0].n == 0xffffffff || a[0].n >= 0 {
			return num(-1)
		}
		return num(int64(int32(uint32(a[0].n))))
	}, "getPackedPositionChild(J)")
	l.static(packed, func(m *Machine, a []slot) slot { return num(int64(uint64(a[0].n) & 0x7fffffff << 32)) }, "getPackedPositionForGroup(I)")
	l.static(packed, func(m *Machine, a []slot) slot {
		return num(int64(1<<63 | uint64(a[0].n)&0x7fffffff<<32 | uint64(a[1].n)&0xffffffff))
	}, "getPackedPositionForChild(II)")
	l.static("Landroid/telephony/cdma/CdmaCellLocation;", zero, "convertQuartSecToDecDegrees(I)")
}
