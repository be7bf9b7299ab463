package checkpoint_test

import (
	"fmt"
	"testing"

	"github.com/weirstream/weir/checkpoint"
)

func ExampleLocate() {
	at, ok := checkpoint.Locate("s3://bucket/weir/wordcount/manifest/run1-000000000042?region=eu-west-1")
	fmt.Println(at.Store, at.Job, at.ID, ok)
	_, ok = checkpoint.Locate("s3://bucket/weir/wordcount/savepoint/before-upgrade")
	fmt.Println(ok)
	// Output:
	// s3://bucket/weir?region=eu-west-1 wordcount run1-000000000042 true
	// false
}

func TestLocate(t *testing.T) {
	const id = "run1-000000000042"
	for url, want := range map[string]checkpoint.Location{
		"file:///var/lib/weir/job/manifest/" + id:             {Store: "file:///var/lib/weir", Job: "job", ID: id},
		"file://./manifest/x/job/manifest/" + id:              {Store: "file://./manifest/x", Job: "job", ID: id},
		"mem://name/job/manifest/" + id:                       {Store: "mem://name", Job: "job", ID: id},
		"s3://bucket/job/shard/count-3/manifest/" + id:        {Store: "s3://bucket", Job: "job", Shard: "count-3", ID: id},
		"s3://bucket/job/shard/0/manifest/" + id + "?a=b/c/d": {Store: "s3://bucket?a=b/c/d", Job: "job", Shard: "0", ID: id},
		"file:///x/job/savepoint/one":                         {},
		"file:///x/job/manifest/one":                          {},
		"file:///x/job/manifest/" + id + "/y":                 {},
		"s3://job/manifest/" + id:                             {},
		"job/manifest/" + id:                                  {},
		"":                                                    {},
	} {
		at, ok := checkpoint.Locate(url)
		if ok != (want != checkpoint.Location{}) || at != want {
			t.Errorf("%s: got %+v, %v, want %+v", url, at, ok, want)
		}
	}
}
