package memtxn

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/weirstream/weir/txn"
)

type admin struct {
	client  *Client
	cluster *Cluster
}

func (a *admin) enter(ctx context.Context, op string) (func(), error) {
	if err := abandoned(ctx, op, txn.ClassRetry); err != nil {
		return nil, err
	}
	return a.client.enter(op)
}

// Topics implements txn.Admin.
func (a *admin) Topics(ctx context.Context, names []string) (map[string]int, error) {
	leave, err := a.enter(ctx, "list topics")
	if err != nil {
		return nil, err
	}
	defer leave()
	counts := map[string]int{}
	for _, name := range names {
		if parts, ok := a.cluster.topics[name]; ok {
			counts[name] = len(parts)
		}
	}
	return counts, nil
}

// AllTopics implements txn.Admin.
func (a *admin) AllTopics(ctx context.Context) (map[string]int, error) {
	leave, err := a.enter(ctx, "list topics")
	if err != nil {
		return nil, err
	}
	defer leave()
	counts := map[string]int{}
	for name, parts := range a.cluster.topics {
		if !strings.HasPrefix(name, "__") {
			counts[name] = len(parts)
		}
	}
	return counts, nil
}

// Members implements txn.Admin.
func (a *admin) Members(ctx context.Context, name string) ([]txn.Member, error) {
	leave, err := a.enter(ctx, "list members")
	if err != nil {
		return nil, err
	}
	defer leave()
	g := a.cluster.groups[name]
	if g == nil {
		return nil, nil
	}
	var out []txn.Member
	for _, id := range slices.Sorted(maps.Keys(g.members)) {
		m := g.members[id]
		out = append(out, txn.Member{ID: m.id, InstanceID: m.instance, ClientID: m.client.id, Host: "/127.0.0.1",
			Partitions: slices.Clone(m.parts)})
	}
	return out, nil
}

// Committed implements txn.Admin.
func (a *admin) Committed(ctx context.Context, name string, parts []txn.Partition) (map[txn.Partition]txn.Position, error) {
	return a.client.stably(ctx, name, func(g *group) []txn.Partition {
		if parts == nil {
			return slices.Collect(maps.Keys(g.offsets))
		}
		return parts
	})
}

// Unwritable implements txn.Admin: there are no permissions here.
func (a *admin) Unwritable(context.Context, []string) ([]string, error) { return nil, nil }

// MaxTransactionTimeout implements txn.Admin.
func (a *admin) MaxTransactionTimeout(ctx context.Context) (time.Duration, error) {
	leave, err := a.enter(ctx, "describe broker")
	if err != nil {
		return 0, err
	}
	leave()
	return maxTransactionTimeout, nil
}

// Leave implements txn.Admin.
func (a *admin) Leave(ctx context.Context, group, instanceID, memberID string) error {
	leave, err := a.enter(ctx, "leave group")
	if err != nil {
		return err
	}
	defer leave()
	if g := a.cluster.groups[group]; g != nil {
		if m := g.static(instanceID); m != nil && (memberID == "" || m.id == memberID) {
			g.remove(a.cluster, m)
		}
	}
	return nil
}

// Close implements txn.Admin.
func (a *admin) Close() {}

// stably reads committed positions once no transaction holds any of them back (KIP-447).
func (k *Client) stably(ctx context.Context, name string, which func(*group) []txn.Partition) (map[txn.Partition]txn.Position, error) {
	const op = "read committed offsets"
	for {
		if err := abandoned(ctx, op, txn.ClassRetry); err != nil {
			return nil, err
		}
		leave, err := k.enter(op)
		if err != nil {
			return nil, err
		}
		g := k.cluster.group(name)
		if parts := which(g); g.stable(parts) {
			out := map[txn.Partition]txn.Position{}
			for _, p := range parts {
				if pos, ok := g.offsets[p]; ok {
					out[p] = pos
				}
			}
			leave()
			return out, nil
		}
		changed := k.cluster.changed
		leave()
		await(ctx, changed, 100*time.Millisecond) // what holds them back may expire, which tells nobody
	}
}

// await waits for a change, the end of ctx, or d.
func await(ctx context.Context, changed <-chan struct{}, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-changed:
	case <-ctx.Done():
	case <-t.C:
	}
}
