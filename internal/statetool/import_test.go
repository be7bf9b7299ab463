package statetool

import (
	"slices"
	"testing"
)

// What the input calls a column may be the name of another one: a chain, and a swap.
func TestColumnsByAnothersName(t *testing.T) {
	dir := "file://" + t.TempDir()
	for _, c := range []struct {
		name, in string
		columns  []string
	}{
		{"chain.csv", "value,total\n101,1\n102,2\n", []string{"--column", "key=value", "--column", "value=total"}},
		{"swap.csv", "value,key\n101,1\n102,2\n", []string{"--column", "key=value", "--column", "value=key"}},
		{"swap.json", `{"value":"101","key":1}` + "\n" + `{"key":2,"value":"102"}`, []string{"--column", "key=value", "--column", "value=key"}},
	} {
		url := dir + "/" + c.name
		must(t, append([]string{"bootstrap", file(t, c.name, c.in), "--to", url, "--uid", "count", "--name", "sum", "--value-codec", "int64-be"}, c.columns...)...)
		want := []string{`{"uid":"count","name":"sum","key":"101","value":1}`, `{"uid":"count","name":"sum","key":"102","value":2}`}
		if got := lines(must(t, "scan", url)); !slices.Equal(got, want) {
			t.Errorf("%s: got %q", c.name, got)
		}
	}
}
