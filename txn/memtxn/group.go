package memtxn

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/weirstream/weir/txn"
)

// group is a consumer group by the classic protocol with eager rebalances.
type group struct {
	generation  int
	rebalancing bool
	members     map[string]*member
	offsets     map[txn.Partition]txn.Position
	pending     map[*transaction]map[txn.Partition]txn.Position
}

type member struct {
	id, instance string
	client       *Client
	topics       []string
	timeout      time.Duration
	left         time.Time // when the process died; zero: it lives
	joined       bool      // has joined the rebalance under way
	parts        []txn.Partition
}

// membership is the driver's txn.GroupMetadata.
type membership struct {
	group, member string
	generation    int
}

var (
	errFenced     = errors.New("a newer member has this group.instance.id")
	errGeneration = errors.New("the group has gone on to another generation, or does not know this member")
)

func (c *Cluster) group(name string) *group {
	g := c.groups[name]
	if g == nil {
		g = &group{
			members: map[string]*member{}, offsets: map[txn.Partition]txn.Position{},
			pending: map[*transaction]map[txn.Partition]txn.Position{},
		}
		c.groups[name] = g
	}
	return g
}

// join adds a member. One with the instance id of another takes its place and its partitions, without a rebalance
// (KIP-345) unless they read different topics.
func (g *group) join(c *Cluster, m *member) {
	c.members++
	m.id = fmt.Sprintf("%s-member-%d", m.client.id, c.members)
	old := g.static(m.instance)
	if old != nil {
		delete(g.members, old.id)
	}
	g.members[m.id] = m
	m.joined = true
	if old != nil && !g.rebalancing && slices.Equal(old.topics, m.topics) {
		m.parts = old.parts
		c.wake()
		return
	}
	g.rebalance(c)
}

// static finds the member with an instance id.
func (g *group) static(instance string) *member {
	for _, m := range g.members {
		if instance != "" && m.instance == instance {
			return m
		}
	}
	return nil
}

// rebalance asks every member to join again, but those that have just done so.
func (g *group) rebalance(c *Cluster) {
	if !g.rebalancing {
		g.rebalancing = true
		newcomer := func(m *member) bool { return m.joined && m.parts == nil }
		for _, m := range g.members {
			m.joined = newcomer(m)
		}
	}
	g.complete(c)
	c.wake()
}

// complete begins the next generation when all members have joined.
func (g *group) complete(c *Cluster) {
	for _, m := range g.members {
		if !m.joined {
			return
		}
	}
	g.rebalancing = false
	g.generation++
	g.assign(c)
	c.wake()
}

// assign deals out by range: of each topic every member gets one run of partitions, in the members' order.
func (g *group) assign(c *Cluster) {
	var all []string
	for _, m := range g.members {
		m.parts = []txn.Partition{}
		all = append(all, m.topics...)
	}
	slices.Sort(all)
	for _, topic := range slices.Compact(all) {
		readers := g.readers(topic)
		n := len(c.topics[topic])
		for i, m := range readers {
			for id := i * n / len(readers); id < (i+1)*n/len(readers); id++ {
				m.parts = append(m.parts, txn.Partition{Topic: topic, ID: int32(id)})
			}
		}
	}
}

func (g *group) readers(topic string) []*member {
	var ms []*member
	for _, id := range slices.Sorted(maps.Keys(g.members)) {
		if m := g.members[id]; slices.Contains(m.topics, topic) {
			ms = append(ms, m)
		}
	}
	slices.SortStableFunc(ms, func(a, b *member) int {
		if a.instance < b.instance {
			return -1
		}
		return 1
	})
	return ms
}

// remove takes a member out; the others share its partitions.
func (g *group) remove(c *Cluster, m *member) {
	if m == nil || g.members[m.id] != m {
		return
	}
	delete(g.members, m.id)
	if len(g.members) == 0 {
		g.rebalancing = false
		g.generation++
		c.wake()
		return
	}
	g.rebalance(c)
}

// expire removes members whose process has been dead for longer than their session.
func (g *group) expire(c *Cluster, now time.Time) {
	for _, id := range slices.Sorted(maps.Keys(g.members)) {
		if m := g.members[id]; m != nil && !m.left.IsZero() && now.Sub(m.left) > m.timeout {
			g.remove(c, m)
		}
	}
}

// check says whether a member may commit offsets as of the generation it knows (KIP-447).
func (g *group) check(meta membership) error {
	if g.members[meta.member] == nil || meta.generation != g.generation {
		return errGeneration
	}
	return nil
}

// stable says whether no transaction holds offsets of these partitions.
func (g *group) stable(parts []txn.Partition) bool {
	for _, held := range g.pending {
		for _, p := range parts {
			if _, ok := held[p]; ok {
				return false
			}
		}
	}
	return true
}
