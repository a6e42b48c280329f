package vectorgen

import (
	"encoding/binary"
	"hash/crc32"
)

// zipEntry is one entry of a package, with the lies that a hostile one tells.
type zipEntry struct {
	name       string
	content    []byte // as stored; the plain octets unless method says otherwise
	method     uint16 // 0 stored, 8 deflated
	plain      []byte // plain octets of a deflated entry
	localName  string // name in the local header, when it differs
	flags      uint16
	attributes uint32 // external attributes, for links
	crc        uint32 // in the central directory, when not the right one
	plainSize  uint32 // in the central directory, when not the right one
}

// writeZip writes a package octet by octet: no times, no data descriptors, and before and after hold hidden octets.
func writeZip(entries []zipEntry, before, after []byte) []byte {
	var out, central []byte
	out = append(out, before...)
	for _, entry := range entries {
		plain := entry.content
		if entry.method != 0 {
			plain = entry.plain
		}
		crc := crc32.ChecksumIEEE(plain)
		localName := entry.localName
		if localName == "" {
			localName = entry.name
		}
		offset := uint32(len(out))
		out = binary.LittleEndian.AppendUint32(out, 0x04034b50)
		out = appendShared(out, entry, crc, uint32(len(plain)), localName)
		out = append(out, localName...)
		out = append(out, entry.content...)
		if entry.crc != 0 {
			crc = entry.crc
		}
		size := uint32(len(plain))
		if entry.plainSize != 0 {
			size = entry.plainSize
		}
		central = binary.LittleEndian.AppendUint32(central, 0x02014b50)
		central = binary.LittleEndian.AppendUint16(central, 3<<8|20) // made on Unix, version 2.0
		central = appendShared(central, entry, crc, size, entry.name)
		central = append(central, make([]byte, 6)...) // comment length, disk, internal attributes
		central = binary.LittleEndian.AppendUint32(central, entry.attributes)
		central = binary.LittleEndian.AppendUint32(central, offset)
		central = append(central, entry.name...)
	}
	start := uint32(len(out))
	out = append(out, central...)
	out = binary.LittleEndian.AppendUint32(out, 0x06054b50)
	out = append(out, make([]byte, 4)...) // disks
	out = binary.LittleEndian.AppendUint16(out, uint16(len(entries)))
	out = binary.LittleEndian.AppendUint16(out, uint16(len(entries)))
	out = binary.LittleEndian.AppendUint32(out, uint32(len(central)))
	out = binary.LittleEndian.AppendUint32(out, start)
	out = append(out, 0, 0)
	return append(out, after...)
}

// appendShared writes what local and central headers have in common: version to lengths.
func appendShared(out []byte, entry zipEntry, crc, size uint32, name string) []byte {
	flags := entry.flags | 1<<11 // names are UTF-8
	for _, value := range []uint16{20, flags, entry.method, 0, 0x21} {
		out = binary.LittleEndian.AppendUint16(out, value)
	}
	for _, value := range []uint32{crc, uint32(len(entry.content)), size} {
		out = binary.LittleEndian.AppendUint32(out, value)
	}
	out = binary.LittleEndian.AppendUint16(out, uint16(len(name)))
	return binary.LittleEndian.AppendUint16(out, 0)
}

// deflateZeros writes zero octets with the fixed code of RFC 1951 3.2.6: one literal, then copies of 258 octets from one
// octet back, 13 bits each. The count is rounded to what that gives.
func deflateZeros(count int) (compressed, plain []byte) {
	var bits []bool
	code := func(value, length int) { // Huffman codes go in with their highest bit first
		for i := length - 1; i >= 0; i-- {
			bits = append(bits, value>>i&1 == 1)
		}
	}
	bits = append(bits, true, true, false) // last block, fixed code
	code(0x30, 8)                          // literal 0
	copies := count / 258
	for range copies {
		code(0xc5, 8) // length 258
		code(0, 5)    // distance 1
	}
	code(0, 7) // end of block
	compressed = make([]byte, (len(bits)+7)/8)
	for i, bit := range bits {
		if bit {
			compressed[i/8] |= 1 << (i % 8)
		}
	}
	return compressed, make([]byte, 1+258*copies)
}
