//go:build integration

package integration

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
)

// admin asks the broker about groups and topics.
type admin struct {
	t  testing.TB
	cl *kadm.Client
}

func newAdmin(t testing.TB, bootstrap string) *admin {
	t.Helper()
	cl, err := kgo.NewClient(seeds(bootstrap), kgo.MetadataMinAge(10*time.Millisecond))
	must(t, err)
	t.Cleanup(func() { ends(t, "the admin client", cl.Close) })
	return &admin{t, kadm.NewClient(cl)}
}

// coordinators waits until a new broker has made the topics that groups and transactions live in.
func (a *admin) coordinators() {
	a.t.Helper()
	eventually(a.t, patience, "the coordinators", func() error {
		ctx, cancel := ask()
		defer cancel()
		if err := a.cl.FindGroupCoordinators(ctx, "any").Error(); err != nil {
			return err
		}
		return a.cl.FindTxnCoordinators(ctx, "any").Error()
	})
}

func ask() (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.Background(), 30*time.Second)
}

// span is where a partition ends: for readers of committed records, and altogether.
type span struct{ stable, high int64 }

func (a *admin) openEnds(topic string) (map[int32]span, error) {
	ctx, cancel := ask()
	defer cancel()
	high, err := a.cl.ListEndOffsets(ctx, topic)
	if err != nil {
		return nil, err
	}
	stable, err := a.cl.ListCommittedOffsets(ctx, topic)
	if err != nil {
		return nil, err
	}
	ends := map[int32]span{}
	for p, o := range high[topic] {
		s, ok := stable.Lookup(topic, p)
		if !ok || s.Err != nil || o.Err != nil {
			return nil, fmt.Errorf("ends of %s/%d: %w", topic, p, errors.Join(o.Err, s.Err))
		}
		ends[p] = span{s.Offset, o.Offset}
	}
	return ends, nil
}

// end is the sum of the ends of a topic's partitions: 0 as long as nothing was ever written.
func (a *admin) end(topic string) (n int64) {
	a.t.Helper()
	ends, err := a.openEnds(topic)
	must(a.t, err)
	for _, e := range ends {
		n += e.high
	}
	return n
}

// members are the members of a group.
func (a *admin) members(group string) []string {
	a.t.Helper()
	ctx, cancel := ask()
	defer cancel()
	groups, err := a.cl.DescribeGroups(ctx, group)
	must(a.t, err)
	var names []string
	for _, m := range groups[group].Members {
		name := m.MemberID
		if m.InstanceID != nil {
			name = *m.InstanceID
		}
		names = append(names, name)
	}
	return names
}

// committed are the committed offsets of a group in a topic, with their metadata.
func (a *admin) committed(group, topic string) map[int32]kadm.Offset {
	a.t.Helper()
	ctx, cancel := ask()
	defer cancel()
	all, err := a.cl.FetchOffsets(ctx, group)
	must(a.t, err)
	out := map[int32]kadm.Offset{}
	for p, o := range all[topic] {
		must(a.t, o.Err)
		out[p] = o.Offset
	}
	return out
}

// seeds are the brokers of a cluster, comma-separated.
func seeds(bootstrap string) kgo.Opt { return kgo.SeedBrokers(strings.Split(bootstrap, ",")...) }
