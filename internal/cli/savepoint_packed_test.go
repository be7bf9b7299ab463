package cli

import (
	"encoding/base64"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/weirstream/weir/checkpoint"
	"github.com/weirstream/weir/checkpoint/snapshot"
	"github.com/weirstream/weir/checkpoint/store"
)

// Savepoints in encrypted stores are shown, verified and deleted with the job's key, by name and by URL; without it the file is named. The state tool takes
// the job's variables, too.
func TestSavepointCommandsEncrypted(t *testing.T) {
	dir := t.TempDir()
	key := filepath.Join(dir, "key")
	if err := os.WriteFile(key, []byte(base64.StdEncoding.EncodeToString(make([]byte, 32))+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	url := "file://" + dir + "/store/wordcount/savepoint/one"
	open := func(url string) (store.Store, error) {
		s, err := checkpoint.OpenStore(url)
		if err != nil {
			return nil, err
		}
		return checkpoint.Pack(s, checkpoint.Packing{KeyFile: key})
	}
	w, err := snapshot.CreateIn(t.Context(), url, open, snapshot.Header{Job: "wordcount", MaxParallelism: 128})
	if err == nil {
		_, err = w.Commit(t.Context())
	}
	if err != nil {
		t.Fatal(err)
	}
	settings := []string{"WEIR_JOB=wordcount", "WEIR_CHECKPOINT_STORE=file://" + dir + "/store", "WEIR_DATA_DIR=" + dir}
	for _, which := range []string{"one", url} {
		if code, out, errs := try(t, Program{}, settings, "savepoint", "verify", which); code == ExitOK || !strings.Contains(errs, "encrypted") {
			t.Errorf("%s without the key: exit %d: %s%s", which, code, out, errs)
		}
	}
	if code, out, errs := try(t, Program{}, nil, "state", "ls", url); code == ExitOK || !strings.Contains(errs, "encrypted") {
		t.Errorf("state ls without the key: exit %d: %s%s", code, out, errs)
	}
	settings = append(settings, "WEIR_CHECKPOINT_ENCRYPTION_KEY_FILE="+key)
	if code, out, errs := try(t, Program{}, settings, "state", "ls", url); code != ExitOK || !strings.HasPrefix(out, "UID") {
		t.Errorf("state ls: exit %d: %s%s", code, out, errs)
	}
	badly := append(settings, "WEIR_CHECKPOINT_COMPRESSION=zip")
	if code, out, errs := try(t, Program{}, badly, "state", "ls", url); code == ExitOK || !strings.Contains(errs, `WEIR_CHECKPOINT_COMPRESSION="zip"`) {
		t.Errorf("state ls with another compression: exit %d: %s%s", code, out, errs)
	}
	for _, args := range [][]string{{"list"}, {"inspect", "one"}, {"inspect", url}, {"verify", "one"}, {"verify", url}, {"delete", url}} {
		if code, out, errs := try(t, Program{}, settings, append([]string{"savepoint"}, args...)...); code != ExitOK || !strings.Contains(out, "one") {
			t.Errorf("%v: exit %d: %s%s", args, code, out, errs)
		}
	}
}
