//go:build !linux

package filestore

import "errors"

func bypassCache(uintptr, bool) error { return errors.ErrUnsupported }
