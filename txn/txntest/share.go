package txntest

import (
	"fmt"
	"slices"

	"github.com/weirstream/weir/txn"
)

// copartitioned: of topics with equally many partitions every member gets the same ones, however many members there are and
// whatever else they read. Joins and repartition topics rest on it.
func copartitioned(e *env) {
	const n = 5
	other, t1, t2, group := e.topic(7), e.topic(n), e.topic(n), e.name("g")
	var members []*member
	for i, name := range []string{"b", "c", "a"} {
		members = append(members, e.consumer(group, name, t1, other, t2))
		e.soon(fmt.Sprintf("%d members share everything", i+1), e.Rejoin, func() bool {
			all, some := 0, true
			for _, m := range members {
				if got := count(m.poll()); got > 0 {
					e.Fatalf("%d records flow before Seek", got)
				}
				all += len(m.owned)
				some = some && len(m.owned) > 0
			}
			return all == 7+2*n && some
		})
		e.wantShares(members, n, t1, t2)
	}
	a := e.admin()
	listed, err := a.Members(e.ctx, group)
	e.must(err)
	for _, m := range listed {
		i := slices.IndexFunc(members, func(k *member) bool { return k.instance == m.InstanceID })
		if i < 0 || !sameParts(m.Partitions, members[i].owned) {
			e.Errorf("the broker lists %s with %v", m.InstanceID, m.Partitions)
		}
	}
}

// wantShares requires that each member has the same run of partitions of both topics, and that all partitions are somebody's.
func (e *env) wantShares(members []*member, n int, t1, t2 string) {
	e.Helper()
	owners := map[int32]int{}
	for _, m := range members {
		ids := idsOf(m.owned, t1)
		if !slices.Equal(ids, idsOf(m.owned, t2)) {
			e.Fatalf("%s has other partitions of %s than of %s: %v", m.instance, t1, t2, m.owned)
		}
		for i, id := range ids {
			owners[id]++
			if id != ids[0]+int32(i) {
				e.Fatalf("%s has no range: %v", m.instance, ids)
			}
		}
		if few := n / len(members); len(ids) < few || len(ids) > few+1 {
			e.Fatalf("%s has %d of %d partitions, as one of %d", m.instance, len(ids), n, len(members))
		}
	}
	for id := range int32(n) {
		if owners[id] != 1 {
			e.Fatalf("partition %d has %d owners", id, owners[id])
		}
	}
}

func idsOf(parts []txn.Partition, topic string) (ids []int32) {
	for _, p := range parts {
		if p.Topic == topic {
			ids = append(ids, p.ID)
		}
	}
	slices.Sort(ids)
	return ids
}

func sameParts(a, b []txn.Partition) bool {
	set := map[txn.Partition]bool{}
	for _, p := range a {
		set[p] = true
	}
	for _, p := range b {
		if !set[p] {
			return false
		}
	}
	return len(a) == len(b) && len(set) == len(a)
}
