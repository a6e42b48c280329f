package ofdtest

import (
	"bytes"
	"compress/flate"
	"encoding/binary"
	"hash/crc32"
)

// ZipEntry is one file of a hand-made ZIP. The hooks change the fixed part of a header after it was filled in, so that
// a test can tell exactly one lie.
type ZipEntry struct {
	Name      string
	Content   []byte
	Deflate   bool
	LocalName string            // in the local header, Name when empty
	Stored    []byte            // the stored octets, made from Content when nil
	Before    []byte            // hidden in front of the local header
	Follows   []byte            // right after the stored octets: a data descriptor, or something hidden
	Local     func(head []byte) // 30 octets, APPNOTE 4.3.7
	Central   func(head []byte) // 46 octets, APPNOTE 4.3.12
	LocalMore []byte            // extra field of the local header
	More      []byte            // extra field of the central header
	At        *uint32           // offset that the central header names, the true one when nil
	NoLocal   bool              // only in the central directory
	NoCentral bool              // only as a local entry
}

// ZipFile is a hand-made ZIP.
type ZipFile struct {
	Entries       []ZipEntry
	Prefix        []byte            // before everything
	BeforeCentral []byte            // between entries and central directory
	BeforeEnd     []byte            // between central directory and end record
	End           func(head []byte) // 22 octets, APPNOTE 4.3.16
	Comment       []byte
	After         []byte // after everything
}

// Offsets inside the fixed parts of the headers.
const (
	LocalFlags, LocalMethod, LocalCRC, LocalStored, LocalSize, LocalNameLength        = 6, 8, 14, 18, 22, 26
	CentralFlags, CentralMethod, CentralCRC, CentralStored, CentralSize, CentralAttrs = 8, 10, 16, 20, 24, 38
	EndDisk, EndHere, EndTotal, EndLength, EndStart                                   = 4, 8, 10, 12, 16
)

var little = binary.LittleEndian

// Put16 is a hook that writes a number at an offset.
func Put16(offset int, value uint16) func([]byte) {
	return func(head []byte) { little.PutUint16(head[offset:], value) }
}

// Put32 is a hook that writes a number at an offset.
func Put32(offset int, value uint32) func([]byte) {
	return func(head []byte) { little.PutUint32(head[offset:], value) }
}

// Bytes writes the file.
func (z ZipFile) Bytes() []byte {
	var out, central bytes.Buffer
	out.Write(z.Prefix)
	count := 0
	for _, e := range z.Entries {
		at := uint32(out.Len() + len(e.Before))
		stored, method := e.stored()
		if !e.NoLocal {
			out.Write(e.Before)
			out.Write(e.local(stored, method))
			out.Write(stored)
			out.Write(e.Follows)
		}
		if e.NoCentral {
			continue
		}
		count++
		if e.At != nil {
			at = *e.At
		}
		central.Write(e.central(stored, method, at))
	}
	out.Write(z.BeforeCentral)
	start := out.Len()
	out.Write(central.Bytes())
	out.Write(z.BeforeEnd)
	end := make([]byte, 22)
	little.PutUint32(end, 0x06054b50)
	little.PutUint16(end[EndHere:], uint16(count))
	little.PutUint16(end[EndTotal:], uint16(count))
	little.PutUint32(end[EndLength:], uint32(central.Len()))
	little.PutUint32(end[EndStart:], uint32(start))
	little.PutUint16(end[20:], uint16(len(z.Comment)))
	if z.End != nil {
		z.End(end)
	}
	out.Write(end)
	out.Write(z.Comment)
	out.Write(z.After)
	return out.Bytes()
}

func (e ZipEntry) stored() ([]byte, uint16) {
	method := uint16(0)
	if e.Deflate {
		method = 8
	}
	if e.Stored != nil || !e.Deflate {
		if e.Stored != nil {
			return e.Stored, method
		}
		return e.Content, method
	}
	return Deflated(e.Content), method
}

// Deflated compresses octets as an entry of method 8 holds them.
func Deflated(content []byte) []byte {
	var out bytes.Buffer
	// Writing into memory at a known level cannot fail.
	w, _ := flate.NewWriter(&out, flate.BestCompression)
	_, _ = w.Write(content)
	_ = w.Close()
	return out.Bytes()
}

func (e ZipEntry) local(stored []byte, method uint16) []byte {
	name := e.Name
	if e.LocalName != "" {
		name = e.LocalName
	}
	head := make([]byte, 30)
	little.PutUint32(head, 0x04034b50)
	little.PutUint16(head[4:], 20)
	little.PutUint16(head[LocalMethod:], method)
	little.PutUint32(head[LocalCRC:], crc32.ChecksumIEEE(e.Content))
	little.PutUint32(head[LocalStored:], uint32(len(stored)))
	little.PutUint32(head[LocalSize:], uint32(len(e.Content)))
	little.PutUint16(head[LocalNameLength:], uint16(len(name)))
	little.PutUint16(head[28:], uint16(len(e.LocalMore)))
	if e.Local != nil {
		e.Local(head)
	}
	return append(append(head, name...), e.LocalMore...)
}

func (e ZipEntry) central(stored []byte, method uint16, at uint32) []byte {
	head := make([]byte, 46)
	little.PutUint32(head, 0x02014b50)
	little.PutUint16(head[4:], 3<<8|20) // made on Unix, so that file kinds count
	little.PutUint16(head[6:], 20)
	little.PutUint16(head[CentralMethod:], method)
	little.PutUint32(head[CentralCRC:], crc32.ChecksumIEEE(e.Content))
	little.PutUint32(head[CentralStored:], uint32(len(stored)))
	little.PutUint32(head[CentralSize:], uint32(len(e.Content)))
	little.PutUint16(head[28:], uint16(len(e.Name)))
	little.PutUint16(head[30:], uint16(len(e.More)))
	little.PutUint32(head[42:], at)
	if e.Central != nil {
		e.Central(head)
	}
	return append(append(head, e.Name...), e.More...)
}

// Descriptor is the data descriptor of the content, with its signature.
func Descriptor(content, stored []byte) []byte {
	d := make([]byte, 16)
	little.PutUint32(d, 0x08074b50)
	little.PutUint32(d[4:], crc32.ChecksumIEEE(content))
	little.PutUint32(d[8:], uint32(len(stored)))
	little.PutUint32(d[12:], uint32(len(content)))
	return d
}
