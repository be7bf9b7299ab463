// Package schema says in a line of JSON what encoding/json writes of a Go type, and whether what one type has written another one can read. Codec state.JSON
// records it with every state, so that a job whose type has changed is compared with its state before it reads a record.
//
//	type Order struct {                         {"items":[{"n":"int64"}],"note":"string","total":"float64"}
//		Total float64           `json:"total"`
//		Items []struct{ N int } `json:"items"`
//		Note  *string           `json:"note,omitempty"`
//	}
//
// # The form
//
//	"bool"  "int8" … "int64"  "uint8" … "uint64"  "float32"  "float64"  "string"
//	"bytes"      []byte: base64 in a string
//	"time"       time.Time
//	"text"       another type with a MarshalText: its text in a string
//	"quoted"     a number or bool in a string (`json:",string"`)
//	"any"        everything else, of which nothing is known: interfaces, types with a MarshalJSON, a type within itself
//	[x]          a slice or array of x
//	["map",k,x]  a map with keys k
//	{"f":x,…}    a struct, with the names that its fields have in JSON, in their order by bytes
//
// int and uint are "int64" and "uint64". Pointers are what they point to. Names of types, the order of fields and what encoding/json leaves out are no part of it. So equal
// types have equal schemas, whatever they are called. A schema takes 8 KiB at most: what is nested too deep for that is "any".
//
// A reader takes a name of a scalar that it does not know for "any". What is not of this form at all fits everything: versions before recorded the name of the Go
// type alone, and codecs of a job's own have schemas of their own.
//
// # What fits
//
// Compare finds three things. Broken: a value that the old type can have and that the new one fails to read, such as a string where a number is
// now. Doubts: values that may be misread or fail, such as int64 read as int32, or a field that is gone beside one that is new: that is what a field with
// another name looks like. Removed: fields that are read no more. Fields that are new fit, and what is removed does.
//
// # What a state has seen
//
// State is migrated lazily: a value of an early form stays so until it is written again. So what is recorded of a state is Join of all schemas that it ever
// had, and a field's name that was once used for a number can't be used for a text later, when nobody remembers it.
package schema
