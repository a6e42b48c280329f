// Package spoken reads digits aloud: it joins recorded clips to one WAV file (RIFF, PCM, 8 kHz, 8 bits, one channel). The clips were
// made by tools/digit-clips.sh and are part of the program; nothing is asked outside and nothing lies in a file of its own for a
// visitor to name.
package spoken

import (
	"embed"
	"encoding/binary"
	"fmt"
	"strings"
)

//go:embed clips/*.wav
var files embed.FS

const (
	rate    = 8000 // samples, each of one octet, in a second
	silence = 0x80
	header  = 44
	repeats = 2 // whoever missed a digit hears all of them once more
	lead    = rate / 4
	between = rate
	// step is what a unit of a pause is worth, shortest the least pause between two digits.
	step, shortest = rate / 512, rate * 2 / 5
)

// Digits is a recording of the digits in a language, twice. Pauses gives how much longer than the shortest the pause behind each digit is,
// so that not every recording of the same digits is the same; digits without one have the shortest.
func Digits(language, digits string, pauses []byte) ([]byte, error) {
	voice := "zh"
	if language == "en" || strings.HasPrefix(language, "en-") {
		voice = "en"
	}
	once := []byte{}
	for i := range len(digits) {
		clip, err := clip(voice, digits[i])
		if err != nil {
			return nil, err
		}
		pause := shortest
		if i < len(pauses) {
			pause += int(pauses[i]) * step
		}
		once = quiet(append(once, clip...), pause)
	}
	samples := quiet(nil, lead)
	for n := range repeats {
		if n > 0 {
			samples = quiet(samples, between)
		}
		samples = append(samples, once...)
	}
	return wav(samples), nil
}

func quiet(samples []byte, n int) []byte {
	for range n {
		samples = append(samples, silence)
	}
	return samples
}

// clip is the samples of one digit.
func clip(voice string, digit byte) ([]byte, error) {
	if digit < '0' || digit > '9' {
		return nil, fmt.Errorf("spoken: %q is no digit", digit)
	}
	file, err := files.ReadFile(fmt.Sprintf("clips/%s-%c.wav", voice, digit))
	if err != nil {
		return nil, fmt.Errorf("spoken: %w", err)
	}
	size := 0
	if len(file) >= header {
		size = int(binary.LittleEndian.Uint32(file[header-4:]))
	}
	if size == 0 || size > len(file)-header || string(file[header-8:header-4]) != "data" {
		return nil, fmt.Errorf("spoken: the clip of %c is cut", digit)
	}
	return file[header : header+size], nil
}

// wav puts the header before samples.
func wav(samples []byte) []byte {
	pad := len(samples) % 2
	out := make([]byte, 0, header+len(samples)+pad)
	out = append(out, "RIFF"...)
	out = binary.LittleEndian.AppendUint32(out, uint32(header-8+len(samples)+pad))
	out = append(out, "WAVEfmt "...)
	out = binary.LittleEndian.AppendUint32(out, 16)
	out = binary.LittleEndian.AppendUint16(out, 1) // PCM
	out = binary.LittleEndian.AppendUint16(out, 1) // one channel
	out = binary.LittleEndian.AppendUint32(out, rate)
	out = binary.LittleEndian.AppendUint32(out, rate) // octets in a second
	out = binary.LittleEndian.AppendUint16(out, 1)    // octets in a sample
	out = binary.LittleEndian.AppendUint16(out, 8)
	out = append(out, "data"...)
	out = binary.LittleEndian.AppendUint32(out, uint32(len(samples)))
	out = append(out, samples...)
	return append(out, make([]byte, pad)...)
}
