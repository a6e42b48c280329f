package idp

import (
	"encoding/base64"
	"strconv"
	"strings"
	"time"
)

// PageMark is the mark of the next page of a list by time: the last entry of the page before. It is text for the caller and
// holds nothing that the entry does not show.
func PageMark(at time.Time, id string) string {
	return base64.RawURLEncoding.EncodeToString([]byte(strconv.FormatInt(at.UnixMicro(), 10) + " " + id))
}

// ReadPageMark reads a mark of PageMark.
func ReadPageMark(text string) (at time.Time, id string, err error) {
	content, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return time.Time{}, "", err
	}
	first, id, _ := strings.Cut(string(content), " ")
	micros, err := strconv.ParseInt(first, 10, 64)
	if err != nil {
		return time.Time{}, "", err
	}
	return time.UnixMicro(micros).UTC(), id, nil
}
