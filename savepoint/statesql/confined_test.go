package statesql_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/weirstream/weir/savepoint"
	"github.com/weirstream/weir/savepoint/statesql"
)

// A query neither makes files nor reads other ones.
func TestConfined(t *testing.T) {
	url := "file://" + t.TempDir() + "/sp"
	if _, err := savepoint.New(4).Write(t.Context(), url, savepoint.Options{}); err != nil {
		t.Fatal(err)
	}
	sp, err := savepoint.Load(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer sp.Close()
	db, err := statesql.Open(t.Context(), sp)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	dir := t.TempDir()
	for _, query := range []string{
		"ATTACH DATABASE '" + filepath.Join(dir, "attached") + "' AS other",
		"ATTACH ':memory:' AS other; CREATE TABLE other.t (x)",
		"VACUUM INTO '" + filepath.Join(dir, "vacuumed") + "'",
	} {
		if rows, err := db.QueryContext(t.Context(), query); err == nil {
			t.Errorf("%s: want an error, %v", query, rows.Close())
		}
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("%v, %v: want no file", left, err)
	}
	if _, err := db.ExecContext(t.Context(), "SELECT * FROM states"); err != nil {
		t.Error(err)
	}
}
