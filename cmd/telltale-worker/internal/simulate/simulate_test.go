package simulate

import (
	"math"
	"testing"
	"time"
)

func TestPlainPlansTakeWhatTheyMust(t *testing.T) {
	for _, tt := range []struct {
		name string
		plan Plan
		took time.Duration
		busy float64
	}{
		{"one by one", Plan{Items: 10, Machines: 1, Slots: 1, Times: []time.Duration{time.Second}}, 10 * time.Second, 1},
		{"side by side", Plan{Items: 10, Machines: 5, Slots: 2, Times: []time.Duration{time.Second}}, time.Second, 1},
		{"a rest of one", Plan{Items: 11, Machines: 5, Slots: 2, Times: []time.Duration{time.Second}}, 2 * time.Second, 0.55},
		{"with overhead", Plan{Items: 4, Machines: 1, Slots: 2, Times: []time.Duration{time.Second}, Overhead: time.Second}, 4 * time.Second, 1},
		{"a slow queue", Plan{Items: 100, Machines: 100, Slots: 1, Times: []time.Duration{time.Second}, Queue: 10}, 10*time.Second + 900*time.Millisecond, 0.0917},
	} {
		tt.plan.Attempts = 3
		got, err := Run(tt.plan)
		if err != nil {
			t.Fatal(err)
		}
		if got.Took != tt.took || math.Abs(got.Busy-tt.busy) > 0.001 || got.Dead+got.Redelivered+got.Lost != 0 || got.Wasted != 0 {
			t.Errorf("%s: %+v", tt.name, got)
		}
	}
	if _, err := Run(Plan{}); err == nil {
		t.Error("a plan of nothing was played")
	}
}

func TestFaultsCostTimeAndLoseNothing(t *testing.T) {
	plan := Plan{
		Items: 20_000, Machines: 20, Slots: 4, Times: []time.Duration{10 * time.Millisecond, 20 * time.Millisecond, 10 * time.Second},
		Attempts: 5, AckWait: 30 * time.Second, Restart: 5 * time.Second, Replace: 2 * time.Minute, Seed: 1,
	}
	quiet, err := Run(plan)
	if err != nil {
		t.Fatal(err)
	}
	plan.Poison = 0.0005
	poisoned, err := Run(plan)
	if err != nil {
		t.Fatal(err)
	}
	plan.MTBF = 20 * time.Minute
	all, err := Run(plan)
	if err != nil {
		t.Fatal(err)
	}
	if quiet.Dead != 0 || poisoned.Dead == 0 || poisoned.Dead > 40 || poisoned.Redelivered < 4*poisoned.Dead {
		t.Errorf("%+v, %+v", quiet, poisoned)
	}
	if quiet.Took >= poisoned.Took || poisoned.Took >= all.Took || all.Lost == 0 || all.Wasted <= poisoned.Wasted {
		t.Errorf("%+v, %+v, %+v", quiet, poisoned, all)
	}
	again, err := Run(plan)
	if err != nil || again != all {
		t.Errorf("the same plan came out otherwise: %+v, %+v, %v", again, all, err)
	}
}
