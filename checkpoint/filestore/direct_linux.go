package filestore

import "syscall"

// bypassCache makes what is written to fd from now on go past the page cache, or into it again. Not every file system can.
func bypassCache(fd uintptr, on bool) error {
	flags, _, errno := syscall.Syscall(syscall.SYS_FCNTL, fd, syscall.F_GETFL, 0)
	if errno != 0 {
		return errno
	}
	if flags &^= syscall.O_DIRECT; on {
		flags |= syscall.O_DIRECT
	}
	if _, _, errno = syscall.Syscall(syscall.SYS_FCNTL, fd, syscall.F_SETFL, flags); errno != 0 {
		return errno
	}
	return nil
}
