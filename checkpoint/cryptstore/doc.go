// Package cryptstore encrypts what goes into a checkpoint store, on this side of it, with AES-256-GCM.
//
// # A file
//
//	weir-sealed 1 aes-256-gcm <id of the key>\n
//	salt, 32 random bytes
//	blocks: 64 KiB of the content each (the last one less, perhaps none), encrypted, and a tag of 16 bytes
//
// Each file has a key of its own, derived by HKDF-SHA256 from the key, the salt and the last part of the file's name; so no nonce is ever used twice, and a file is not one that
// was put under another name. The nonce of a block is its number (11 bytes, big-endian) and 1 for the last block, else 0: blocks can't be
// exchanged, left out or added, and an end is known to be the end. It is the STREAM construction, as the age format uses it.
//
// # What it gives, and what not
//
// Who can read the store learns names and sizes of files, no content. Who can write to it can delete a file, or put back an older content of the very same
// name; that is damage, or an old `latest`, and nothing that Weir relies on. Anything else that he changes is an error that names the file and the place.
// The names stay, so garbage collection works as ever.
//
// # Keys
//
// A file of keys has one on each line: 32 bytes in base64 or hexadecimal; lines that begin with # are comments. The first is used for writing, all are for
// reading: to change the key put a new one first, and take the old one out when no checkpoint and savepoint that is to be read is as old as that. Files that are not
// encrypted are refused: that somebody without the key has put there what he wants is what tags are to prevent.
package cryptstore
