package checkpoint

import "strings"

// Location is where a checkpoint is.
type Location struct {
	Store string // URL, as WEIR_CHECKPOINT_STORE gives it
	Job   string
	Shard string // empty: the job's state is not in shards
	ID    ID
}

// Locate takes the URL of a checkpoint apart: <store>/<job>/manifest/<id>, or, of a job in shards, <store>/<job>/shard/<shard>/manifest/<id>. What stands
// behind a question mark belongs to the store. ok is false if the URL is one of something else.
func Locate(url string) (at Location, ok bool) {
	where, query, asked := strings.Cut(url, "?")
	where, id, ok := cutLast(where, "/manifest/")
	if !ok {
		return Location{}, false
	}
	var err error
	if at.ID, err = ParseID(id); err != nil {
		return Location{}, false
	}
	if job, shard, ok := cutLast(where, "/shard/"); ok {
		where, at.Shard = job, shard
	}
	if at.Store, at.Job, ok = cutLast(where, "/"); !ok || !strings.Contains(at.Store, "://") {
		return Location{}, false
	}
	if asked {
		at.Store += "?" + query
	}
	return at, true
}

func cutLast(s, sep string) (before, after string, found bool) {
	i := strings.LastIndex(s, sep)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+len(sep):], true
}
