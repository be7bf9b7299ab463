package checkpoint_test

import (
	"encoding/json"
	"math"
	"os"
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/weirstream/weir/checkpoint"
)

// TestMetadataOfOlderVersions: what was ever committed stays readable, and is written the same way.
func TestMetadataOfOlderVersions(t *testing.T) {
	file, err := os.ReadFile("testdata/format1/metadata")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(file)) {
		text, meaning, found := strings.Cut(strings.TrimSuffix(line, "\n"), "\t")
		if !found {
			continue // a comment
		}
		got, ok, err := checkpoint.DecodeMetadata(text)
		if meaning == "-" {
			if ok || err != nil || got != (checkpoint.Metadata{}) {
				t.Errorf("%q: %v, %v, %v; want not ours", text, got, ok, err)
			}
			continue
		}
		var want checkpoint.Metadata
		if err := json.Unmarshal([]byte(meaning), &want); err != nil {
			t.Fatal(err)
		}
		if got != want || !ok || err != nil {
			t.Errorf("%q: %+v, %v, %v; want %+v", text, got, ok, err, want)
		}
		if again, err := want.Encode(); again != text || err != nil {
			t.Errorf("%+v is written as %q, %v; want %q", want, again, err, text)
		}
	}
}

func TestMetadataThatIsNotUnderstood(t *testing.T) {
	for s, want := range map[string]string{
		"weir2:whatever": "newer version", "weir10:r1-000000000001": "newer version", "weir1:": "<run>-<epoch>", "weir1:r1-1": "<run>-<epoch>",
		"weir1:r1-000000000001;shape=round":         `attribute "shape" was written by a newer version; upgrade`,
		"weir1:r1-000000000001;exchange=kafka;a=b":  `attribute "a" was written by a newer version; upgrade`,
		"weir1:r1-000000000001;exchange=carrier":    `exchange "carrier" is not known`,
		"weir1:r1-000000000001;wm=soon":             `wm="soon" is no time`,
		"weir1:r1-000000000001;":                    "newer version",
		"weir1:r1-000000000001;wm=0":                "expected",
		"weir1:r1-000000000001;wm=+1":               "expected",
		"weir1:r1-000000000001;wm=1;wm=1":           "expected",
		"weir1:r1-000000000001;wm=1;exchange=kafka": "expected",
		"weir1:r1-000000000001;exchange=":           "expected",
		"weir1:r1-000000000001;idle=0":              "expected",
		"weir1:r1-000000000001;drained=A b":         "characters",
		"weir1:r1-000000000001;drained=":            "characters",
		"weir1:r1-000000000001;end=-1":              "is no offset",
		"weir1:r1-000000000001;end=":                "is no offset",
	} {
		if m, ok, err := checkpoint.DecodeMetadata(s); m.ID != "" || ok || err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), s) {
			t.Errorf("%q: %v, %v, %v; want an error with %q", s, m, ok, err, want)
		}
	}
}

func TestMetadataThatCannotBeWritten(t *testing.T) {
	id := checkpoint.MakeID("r1", 1)
	for want, m := range map[string]checkpoint.Metadata{
		"<run>-<epoch>":      {},
		"is not known":       {ID: id, Exchange: "carrier;pigeon"},
		`expected "kafka"`:   {ID: id, Exchange: strings.Repeat("k", 5000)},
		string(id) + ": exc": {ID: id, Exchange: "memory"},
		"drained by":         {ID: id, Drained: "a;b"},
	} {
		if s, err := m.Encode(); s != "" || err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %q, %v", want, s, err)
		}
	}
}

func TestMetadataRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := checkpoint.Metadata{
			ID:        checkpoint.MakeID(rapid.StringMatching(`[a-z0-9]{1,40}`).Draw(t, "run"), rapid.Uint64().Draw(t, "epoch")),
			Exchange:  rapid.SampledFrom([]string{"", checkpoint.ExchangeKafka}).Draw(t, "exchange"),
			Watermark: rapid.Int64Range(math.MinInt64, math.MaxInt64).Draw(t, "watermark"),
			Idle:      rapid.Bool().Draw(t, "idle"),
			Drained:   rapid.StringMatching(`|[a-z0-9]{1,40}`).Draw(t, "drained"),
			End:       rapid.Ptr(rapid.Int64Min(0), true).Draw(t, "end"),
		}
		s, err := m.Encode()
		if err != nil || len(s) > 201 {
			t.Fatalf("%q: %v", s, err)
		}
		if got, ok, err := checkpoint.DecodeMetadata(s); !reflect.DeepEqual(got, m) || !ok || err != nil {
			t.Errorf("%q: %+v, %v, %v", s, got, ok, err)
		}
	})
}

// FuzzMetadata: whatever the text, it is somebody else's, or an error, or is written again as it was.
func FuzzMetadata(f *testing.F) {
	f.Add("weir1:r1-000000000042")
	f.Add("weir1:r1-000000000042;exchange=kafka;wm=-1234;idle=1")
	f.Add("weir1:r1-000000000042;wm=1;wm=2")
	f.Add("weir1:r1-000000000042;;=")
	f.Add("weir1:r1-000000000042;exchange=kafka;drained=r2;end=0")
	f.Add("weir2:x")
	f.Fuzz(func(t *testing.T, s string) {
		m, ok, err := checkpoint.DecodeMetadata(s)
		switch {
		case !ok && m != (checkpoint.Metadata{}), ok && err != nil:
			t.Errorf("%+v, %v, %v", m, ok, err)
		case ok:
			if again, err := m.Encode(); again != s || err != nil {
				t.Errorf("written again: %q, %v", again, err)
			}
		case err == nil && strings.HasPrefix(s, "weir1:"):
			t.Error("ours, but taken for somebody else's")
		}
	})
}
