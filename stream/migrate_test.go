package stream

import (
	"strings"
	"testing"

	"github.com/weirstream/weir/state"
)

type (
	orderV1 struct{ Total int64 }
	orderV2 struct {
		Sum  int64
		Note string
	}
)

// jsonState is a job whose state "v" of operator "p" has values of T.
func jsonState[T any](j *Job) {
	Process(KeyBy(lines(j), self), func(s *Setup) ProcessFunc[string, string, string] {
		ValueState(s, "v", state.JSON[T]{})
		return func(*Context[string, string], string) error { return nil }
	}, UID("p"))
}

func migrateJSON[Old, New any](j *Job) {
	Migrate(j, "p", "v", state.JSON[Old]{}, state.JSON[New]{}, func(Old) (v New, err error) { return v, nil })
}

func TestMigrationOfJSONApplies(t *testing.T) {
	j := NewJob("j")
	migrateJSON[orderV1, orderV2](j)
	m := &j.migrations[0]
	for recorded, want := range map[string]string{
		`{"Total":"int64"}`:                                "yes",
		`{"Total":"int32"}`:                                "yes",
		`{"Gone":"string","Total":"int64"}`:                "yes",
		`{"Note":"string","Sum":"int64"}`:                  "no",
		`{"Sum":"int64"}`:                                  "no",
		`{"Gone":"string","Note":"string","Sum":"int64"}`:  "no",
		`{"Count":"int64"}`:                                `their schema is {"Count":"int64"}, and the migration is from {"Total":"int64"} to {"Note":"string","Sum":"int64"}`,
		`{"Note":"string","Sum":"int64","Total":"string"}`: "no",
		`stream.orderV1`:                                   "yes", // as older versions recorded it
		`stream.orderV2`:                                   `as "stream.orderV2", without their fields`,
		`stream.order`:                                     `as "stream.order", without their fields`,
		``:                                                 `as "", without their fields`,
	} {
		applies, err := m.Applies(state.Descriptor{UID: "p", Name: "v", Kind: state.KindValue, ValueCodec: "json", Schema: recorded})
		switch {
		case want == "yes" && applies && err == nil, want == "no" && !applies && err == nil:
		case err == nil || applies || !strings.Contains(err.Error(), want):
			t.Errorf("%s: %v, %v; want %s", recorded, applies, err, want)
		}
	}
}

func TestMigrationOfACodecApplies(t *testing.T) {
	j := NewJob("j")
	Migrate(j, "p", "v", state.JSON[orderV1]{}, state.Int64{}, func(o orderV1) (int64, error) { return o.Total, nil })
	m := &j.migrations[0]
	for _, c := range []struct{ codec, schema, want string }{
		{"json", `{"Total":"int64"}`, "yes"},
		{"json", "main.Order", "yes"},
		{"json", `{"Total":"string"}`, "can't read the values (Total: int64, was string)"},
		{"int64-be", "", "no"},
		{"string", "", "no"},
	} {
		applies, err := m.Applies(state.Descriptor{UID: "p", Name: "v", Kind: state.KindValue, ValueCodec: c.codec, Schema: c.schema})
		switch {
		case c.want == "yes" && applies && err == nil, c.want == "no" && !applies && err == nil:
		case err == nil || applies || !strings.Contains(err.Error(), c.want):
			t.Errorf("%s %s: %v, %v; want %s", c.codec, c.schema, applies, err, c.want)
		}
	}
}
