// Package decode shows entries of state as JSON without the job's code: all it knows is what each checkpoint records of a state, its
// kind and the names of its codecs (state.Descriptor).
//
//	codec            JSON
//	string           a string; {"base64": "…"} if it is not UTF-8
//	bytes            a string in base64
//	int64-be         a number
//	float64-be       a number; "NaN", "Infinity", "-Infinity"
//	bool             true or false
//	json             as it is
//	window           {"start": ms, "end": ms}
//	nothing          null
//	sessions:<c>     [{"start": ms, "end": ms, "value": …}, …]
//	counted:<c>      {"count": n, "value": …}
//	held:<c>         […]
//	any other        {"base64": "…"}: what it means only the job's code knows
//
// Nothing here guesses: bytes that a codec can't have written are an error that names the state.
package decode
