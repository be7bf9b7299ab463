package state

import (
	"encoding/json"
	"errors"
	"reflect"

	"google.golang.org/protobuf/proto"

	"github.com/weirstream/weir/state/schema"
)

// JSON is the encoding/json form of T. Fields that are added or removed later are read as encoding/json reads them. What is recorded of a state is the form of T (package
// schema), so that a T that can't read what there is, is refused when the job starts.
type JSON[T any] struct{}

// Name is "json", whatever T is called: renaming a Go type must not lose the state.
func (JSON[T]) Name() string { return "json" }

// Schema is the form of T in JSON.
func (JSON[T]) Schema() string { return schema.Of(reflect.TypeFor[T]()) }

func (JSON[T]) Append(dst []byte, v T) ([]byte, error) {
	b, err := json.Marshal(v)
	return append(dst, b...), err
}

func (c JSON[T]) Decode(b []byte) (T, error) {
	var v T
	if err := json.Unmarshal(b, &v); err != nil {
		return v, decodeError(c.Name(), b, err)
	}
	return v, nil
}

// Proto is the binary protobuf form of T, a pointer to a generated message, with map fields in the order of their keys.
type Proto[T proto.Message] struct{}

// Name is "proto:" and the full name of the message, which protobuf's own rules of evolution keep.
func (c Proto[T]) Name() string { return "proto:" + c.Schema() }

// Schema is the full name of the message.
func (Proto[T]) Schema() string {
	var none T
	if reflect.TypeFor[T]().Kind() == reflect.Interface {
		return ""
	}
	return string(none.ProtoReflect().Descriptor().FullName())
}

func (Proto[T]) Append(dst []byte, v T) ([]byte, error) {
	return proto.MarshalOptions{Deterministic: true}.MarshalAppend(dst, v)
}

func (c Proto[T]) Decode(b []byte) (T, error) {
	var v T
	if reflect.TypeFor[T]().Kind() == reflect.Interface {
		return v, decodeError(c.Name(), b, errors.New("the type parameter must be a pointer to a generated message, not an interface"))
	}
	v = v.ProtoReflect().New().Interface().(T)
	if err := proto.Unmarshal(b, v); err != nil {
		return v, decodeError(c.Name(), b, err)
	}
	return v, nil
}
