package commits_test

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/weirstream/weir/txn"
	"github.com/weirstream/weir/txn/commits"
)

var position = txn.Position{Offset: 42, Metadata: "weir1:0mbg6ktcw0123456789ab-000000000007"}

func TestRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := txn.Partition{Topic: rapid.StringMatching(`[a-zA-Z0-9._-]{1,249}`).Draw(t, "topic"), ID: rapid.Int32Min(0).Draw(t, "id")}
		pos := txn.Position{Offset: rapid.Int64Min(0).Draw(t, "offset"), Metadata: rapid.String().Draw(t, "metadata")}
		gotP, got, err := commits.Decode(commits.Encode("j-commits", p, pos))
		if err != nil || gotP != p || got != pos {
			t.Fatalf("%v %v came back as %v %v, %v", p, pos, gotP, got, err)
		}
	})
}

// Any change of a byte is noticed, in the key and in the value.
func TestDamage(t *testing.T) {
	good := commits.Encode("j-commits", txn.Partition{Topic: "in", ID: 3}, position)
	for _, bytes := range [][]byte{good.Key, good.Value} {
		for i := range bytes {
			for bit := range 8 {
				bytes[i] ^= 1 << bit
				if _, pos, err := commits.Decode(good); err == nil {
					t.Errorf("byte %d, bit %d: read as %v", i, bit, pos)
				}
				bytes[i] ^= 1 << bit
			}
		}
	}
	for n := range good.Value {
		cut := good
		cut.Value = good.Value[:n]
		if _, pos, err := commits.Decode(cut); err == nil {
			t.Errorf("cut to %d bytes: read as %v", n, pos)
		}
	}
}

// What can't be understood says where it is and what it is.
func TestForeignRecords(t *testing.T) {
	for value, says := range map[string]string{
		"":                       "not a decision record",
		"hello":                  "not a decision record",
		"weir-commit 0 1 x":      "not a decision record",
		"weir-commit2 0 1 x":     "newer version (format 2, this version reads 1)",
		"weir-commit1 00 1 x":    "damaged",
		"weir-commit1":           "damaged",
		"weir-commits1:decided:": "not a decision record",
	} {
		_, err := commits.Newest([]txn.Record{{Topic: "j-commits", Offset: 7, Key: []byte("in/0"), Value: []byte(value)}})
		if err == nil || !strings.Contains(err.Error(), says) || !strings.Contains(err.Error(), "j-commits/0 offset 7") {
			t.Errorf("%q: %v", value, err)
		}
	}
}

func TestPointer(t *testing.T) {
	for _, p := range []commits.Pointer{{Cluster: "5L6g3nShT-eMCtK--X86sw"}, {Cluster: "a:b", Decided: true}} {
		if got, ok, err := commits.DecodePointer(p.Encode()); got != p || !ok || err != nil {
			t.Errorf("%v came back as %v, %v, %v", p, got, ok, err)
		}
	}
	for _, foreign := range []string{"", "x", position.Metadata, "weir-commits"} {
		if _, ok, err := commits.DecodePointer(foreign); ok || err != nil {
			t.Errorf("%q: %v, %v", foreign, ok, err)
		}
	}
	for _, bad := range []string{"weir-commits2:decided:c", "weir-commits1:decided:", "weir-commits1:maybe:c", "weir-commits1:"} {
		if _, ok, err := commits.DecodePointer(bad); ok || err == nil {
			t.Errorf("%q: no error", bad)
		}
	}
}

func TestCompacted(t *testing.T) {
	if !commits.Compacted(commits.Topic("j").Config) {
		t.Error("our own topic is not compacted")
	}
	for _, policy := range []string{"", "delete", "compact,delete"} {
		if commits.Compacted(map[string]string{"cleanup.policy": policy}) {
			t.Errorf("%q passes", policy)
		}
	}
}
