package runtime

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/weirstream/weir/operators"
	"github.com/weirstream/weir/stream"
	"github.com/weirstream/weir/txn"
)

func paceOf(drift time.Duration, n int) (*pace, []txn.Partition) {
	var parts []txn.Partition
	var tasks []*task
	for i := range n {
		p := txn.Partition{Topic: "t", ID: int32(i)}
		parts = append(parts, p)
		tasks = append(tasks, &task{stage: &stream.Stage{Source: &stream.SourceSpec{MaxDrift: drift}}, partition: p})
	}
	return newPace(tasks, nil), parts
}

// all lets pace wait for any partition.
func all(txn.Partition) bool { return true }

// Whatever the partitions hold and in which order they are read: nothing is read of one that is more than the drift ahead of the slowest that has
// anything to say, and all of them come to their ends.
func TestPaceEndsAndHolds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const drift = 10
		n := rapid.IntRange(1, 5).Draw(t, "partitions")
		c, parts := paceOf(drift*time.Millisecond, n)
		left := map[txn.Partition][]int64{} // how far each record takes the watermark
		wm := map[txn.Partition]int64{}
		for _, p := range parts {
			left[p] = rapid.SliceOfN(rapid.Int64Range(1, 60), 0, 12).Draw(t, "records")
			slices.Sort(left[p])
			wm[p] = operators.NoWatermark
		}
		unread := func(p txn.Partition) bool { return len(left[p]) > 0 }
		for step := 0; len(wm) > 0; step++ {
			held := c.ahead(unread, all)
			free := slices.DeleteFunc(slices.Clone(parts), func(p txn.Partition) bool {
				_, going := wm[p]
				return !going || slices.Contains(held, p)
			})
			if len(free) == 0 {
				t.Fatalf("nothing is read any more: %v held, watermarks %v", held, wm)
			}
			p := rapid.SampledFrom(free).Draw(t, "reads")
			if len(left[p]) == 0 { // the reader comes to its end
				delete(wm, p)
				c.note(p, ended)
				continue
			}
			for other, at := range wm {
				if counts := at != operators.NoWatermark || unread(other); counts && wm[p] != operators.NoWatermark &&
					(at == operators.NoWatermark || wm[p]-at > drift) {
					t.Fatalf("%v is read at %d, %v is at %d", p, wm[p], other, at)
				}
			}
			wm[p] = left[p][0]
			left[p] = left[p][1:]
			c.note(p, mark{wm: wm[p]})
		}
	})
}

// What others are read before comes to its end, whatever event times its partitions and those of the others have come to; what waits for it is not
// waited for, and what is still to be read keeps together.
func TestPaceOfWhatIsReadFirst(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const drift = 10
		n := rapid.IntRange(2, 5).Draw(t, "partitions")
		first := rapid.IntRange(1, n-1).Draw(t, "first")
		c, parts := paceOf(drift*time.Millisecond, n)
		left := map[txn.Partition][]int64{} // up to the ends at the start
		wm, positions, ends := map[txn.Partition]int64{}, map[txn.Partition]int64{}, map[txn.Partition]int64{}
		isFirst := func(p txn.Partition) bool { return int(p.ID) < first }
		for _, p := range parts {
			positions[p], wm[p] = 0, operators.NoWatermark
			if rapid.Bool().Draw(t, "begun") {
				wm[p] = rapid.Int64Range(1, 60).Draw(t, "restored")
				c.note(p, mark{wm: wm[p]})
			}
			if isFirst(p) {
				left[p] = rapid.SliceOfN(rapid.Int64Range(1, 60), 0, 12).Draw(t, "records")
				ends[p] = int64(len(left[p]))
			}
		}
		order := newPrecedence(positions, ends, isFirst)
		for !order.passed(func(p txn.Partition) int64 { return positions[p] }) && len(order.waiting) > 0 {
			held := c.ahead(func(p txn.Partition) bool { return !isFirst(p) || len(left[p]) > 0 }, order.blocks)
			free := slices.DeleteFunc(slices.Clone(parts), func(p txn.Partition) bool { return len(left[p]) == 0 || slices.Contains(held, p) })
			if len(free) == 0 {
				t.Fatalf("nothing is read any more: %v held of %v, watermarks %v", held, left, wm)
			}
			p := rapid.SampledFrom(free).Draw(t, "reads")
			for other := range order.ends {
				if wm[p] != operators.NoWatermark && wm[p]-drift > wm[other] {
					t.Fatalf("%v is read at %d, %v is at %d", p, wm[p], other, wm[other])
				}
			}
			wm[p] = max(wm[p], left[p][0])
			left[p] = left[p][1:]
			positions[p]++
			c.note(p, mark{wm: wm[p]})
		}
		for p, rest := range left {
			if len(rest) > 0 {
				t.Fatalf("%v is not read: %v", p, rest)
			}
		}
		if order.barrier(); len(order.waiting) > 0 || !order.blocks(parts[n-1]) {
			t.Fatal("the others wait on")
		}
	})
}

// Idle partitions and empty ones are not waited for.
func TestPaceLeavesOut(t *testing.T) {
	c, p := paceOf(10*time.Millisecond, 3)
	none := func(txn.Partition) bool { return false }
	c.note(p[0], mark{wm: 1000})
	if held := c.ahead(none, all); held != nil {
		t.Fatal("an empty partition is waited for:", held)
	}
	c.note(p[1], mark{wm: 5})
	if held := c.ahead(none, all); !slices.Equal(held, p[:1]) {
		t.Fatal(held)
	}
	c.note(p[1], mark{wm: 5, idle: true})
	if held := c.ahead(none, all); held != nil {
		t.Fatal("an idle partition is waited for:", held)
	}
	some := func(q txn.Partition) bool { return q == p[2] }
	if held := c.ahead(some, all); len(held) != 2 || slices.Contains(held, p[2]) {
		t.Fatal("not waited for what has a record to be read:", held)
	}
}

// What is held back is not idle, nor has it been when it is let go.
func TestPaceActive(t *testing.T) {
	c, p := paceOf(time.Millisecond, 2)
	none := func(txn.Partition) bool { return false }
	if at := c.active(p[0]); !at.IsZero() {
		t.Fatal(at)
	}
	c.note(p[0], mark{wm: 100})
	c.note(p[1], mark{wm: 1})
	c.ahead(none, all)
	if since := time.Since(c.active(p[0])); since > time.Second {
		t.Fatal(since)
	}
	c.note(p[1], mark{wm: 100})
	before := time.Now()
	c.ahead(none, all)
	if at := c.active(p[0]); at.Before(before) || at.After(time.Now()) || c.active(p[1]) != (time.Time{}) {
		t.Fatal(at, c.active(p[1]))
	}
}

// A batch is cut where its partition ends; the end counts as reached behind offsets without records, and the job is finished once.
func TestBounds(t *testing.T) {
	a, b := txn.Partition{Topic: "t"}, txn.Partition{Topic: "t", ID: 1}
	bounds := newBounds(map[txn.Partition]int64{a: 3, b: 0}, map[txn.Partition]int64{a: 10, b: 0})
	at := map[txn.Partition]int64{a: 3, b: 0}
	position := func(p txn.Partition) int64 { return at[p] }
	if now := bounds.passed(position); len(now) != 1 || now[b] != 0 || bounds.finish() {
		t.Fatal(now)
	}
	batch := &txn.Batch{Partition: a}
	for _, offset := range []int64{3, 7, 8, 11, 12} {
		batch.Records = append(batch.Records, txn.Record{Offset: offset})
	}
	if !bounds.cut(batch) || len(batch.Records) != 3 {
		t.Fatal(batch.Records)
	}
	batch.Records = []txn.Record{{Offset: 10}}
	if bounds.cut(batch) {
		t.Fatal(batch.Records)
	}
	if at[a] = 9; len(bounds.passed(position)) != 0 {
		t.Fatal("9 is not 10")
	}
	if at[a] = 13; bounds.passed(position)[a] != 10 || !bounds.finish() || bounds.finish() {
		t.Fatal(bounds)
	}
	batch.Records = []txn.Record{{Offset: 13}}
	if bounds.cut(batch) {
		t.Fatal("records behind the end")
	}
	if open := newBounds(at, map[txn.Partition]int64{a: 0}); len(open.passed(position)) != 1 || open.finish() {
		t.Fatal("the other partition has no end")
	}
}
