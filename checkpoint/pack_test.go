package checkpoint_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/weirstream/weir/checkpoint"
	"github.com/weirstream/weir/checkpoint/memstore"
	"github.com/weirstream/weir/checkpoint/storetest"
	"github.com/weirstream/weir/state"
)

func keyFile(t *testing.T, key string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(path, []byte(strings.Repeat(key, 64)+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestPacked: a chain with a base is restored, and collected, from a store that is packed in any way; it gives nothing away if it is encrypted.
func TestPacked(t *testing.T) {
	key := keyFile(t, "1")
	for name, p := range map[string]checkpoint.Packing{
		"not": {}, "zstd": {Compression: "zstd"}, "encrypted": {Compression: "none", KeyFile: key}, "both": {Compression: "zstd", KeyFile: key},
	} {
		t.Run(name, func(t *testing.T) {
			raw := memstore.Open("")
			s, err := checkpoint.Pack(raw, p)
			if err != nil {
				t.Fatal(err)
			}
			r, err := checkpoint.NewRepository(s, "job", "r1", checkpoint.Options{InlineLimit: 60, BaseFileSize: 200})
			if err != nil {
				t.Fatal(err)
			}
			want := newBackend()
			var parent checkpoint.ID
			var base checkpoint.BaseRef
			for epoch := uint64(1); epoch <= 6; epoch++ {
				id := checkpoint.MakeID("r1", epoch)
				entries := []state.Entry{put("k", "secret-of-"+string(id)), put("l"+string(id), strings.Repeat("secret-", 20))}
				if _, err := r.Prepare(t.Context(), checkpoint.Manifest{ID: id, Parent: parent, Base: base}, entries); err != nil {
					t.Fatal(err)
				}
				if err := want.Apply(entries, string(id)); err != nil {
					t.Fatal(err)
				}
				if parent = id; epoch == 3 {
					if base, err = r.WriteBase(t.Context(), id, scanOf(want)); err != nil {
						t.Fatal(err)
					}
				}
			}
			if c, err := checkpoint.NewCollector(r).Collect(t.Context(), parent, 1); err != nil || len(c.Delete) == 0 {
				t.Errorf("%v, %v", c, err)
			}
			reader, err := checkpoint.NewRepository(s, "job", "", checkpoint.Options{})
			if err != nil {
				t.Fatal(err)
			}
			plan, err := reader.Plan(t.Context(), parent, "")
			if err != nil {
				t.Fatal(err)
			}
			got := newBackend()
			if err := reader.Restore(t.Context(), plan, got); err != nil || !maps.Equal(got.data, want.data) {
				t.Errorf("restored %v, %v; want %v", got.data, err, want.data)
			}
			if p.KeyFile == "" {
				return
			}
			infos, _ := raw.List(t.Context(), "")
			for _, info := range infos {
				if b, err := storetest.Get(raw, info.Name); err != nil || bytes.Contains(b, []byte("secret")) || bytes.Contains(b, []byte(`"parent"`)) {
					t.Errorf("%s can be read: %.60q, %v", info.Name, b, err)
				}
			}
			other, err := checkpoint.Pack(raw, checkpoint.Packing{KeyFile: keyFile(t, "2")})
			if err != nil {
				t.Fatal(err)
			}
			stranger, err := checkpoint.NewRepository(other, "job", "", checkpoint.Options{})
			if err != nil {
				t.Fatal(err)
			}
			var wrong *checkpoint.KeyError
			if _, err := stranger.Plan(t.Context(), parent, ""); !errors.As(err, &wrong) {
				t.Errorf("with another key: %v", err)
			}
		})
	}
}

func TestPackRefuses(t *testing.T) {
	for want, p := range map[string]checkpoint.Packing{
		`WEIR_CHECKPOINT_COMPRESSION="gzip": expected none or zstd`: {Compression: "gzip"},
		`WEIR_CHECKPOINT_ENCRYPTION_KEY_FILE: the file of keys`:     {KeyFile: "/nowhere"},
	} {
		if _, err := checkpoint.Pack(memstore.Open(""), p); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v", p, err)
		}
	}
}

// BenchmarkPack writes and reads a file of 32 MiB, like a base: JSON values under keys of 16 bytes.
func BenchmarkPack(b *testing.B) {
	key := filepath.Join(b.TempDir(), "key")
	if err := os.WriteFile(key, []byte(strings.Repeat("1", 64)), 0o600); err != nil {
		b.Fatal(err)
	}
	var content []byte
	for i := 0; len(content) < 32<<20; i++ {
		content = fmt.Appendf(content, `key-%012d{"key":"user-%d","value":%d,"label":"L%d"}`, i, i*7919%100_000, i*i%1000, i%2)
	}
	for _, p := range []struct {
		name string
		checkpoint.Packing
	}{{"none", checkpoint.Packing{}}, {"zstd", checkpoint.Packing{Compression: "zstd"}}, {"aes", checkpoint.Packing{KeyFile: key}}, {"zstd-aes", checkpoint.Packing{Compression: "zstd", KeyFile: key}}} {
		raw := memstore.Open("")
		s, err := checkpoint.Pack(raw, p.Packing)
		if err != nil {
			b.Fatal(err)
		}
		b.Run(p.name+"/put", func(b *testing.B) {
			b.SetBytes(int64(len(content)))
			b.ReportAllocs()
			for b.Loop() {
				if err := storetest.Put(s, "x", content); err != nil {
					b.Fatal(err)
				}
			}
			infos, _ := raw.List(b.Context(), "x")
			b.ReportMetric(float64(infos[0].Size)/float64(len(content)), "size-ratio")
		})
		b.Run(p.name+"/get", func(b *testing.B) {
			b.SetBytes(int64(len(content)))
			b.ReportAllocs()
			for b.Loop() {
				rc, err := s.Get(b.Context(), "x")
				if err != nil {
					b.Fatal(err)
				}
				if _, err := io.Copy(io.Discard, rc); err != nil {
					b.Fatal(err)
				}
				rc.Close()
			}
		})
	}
}
