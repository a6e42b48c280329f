package batchfile_test

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"testing"

	"golang.org/x/text/encoding/simplifiedchinese"

	"github.com/yinxin-gov/yinxin/elicense/batchfile"
)

type entry struct {
	name string
	size int
}

func archive(t testing.TB, entries ...entry) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, e := range entries {
		w, err := z.Create(e.name)
		if err == nil {
			_, err = w.Write(make([]byte, e.size))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func many(n, size int) (list []entry) {
	for i := range n {
		list = append(list, entry{fmt.Sprintf("%d.ofd", i), size})
	}
	return list
}

func TestDocumentsOfAnArchive(t *testing.T) {
	old, err := simplifiedchinese.GB18030.NewEncoder().String("证照.OFD")
	if err != nil {
		t.Fatal(err)
	}
	damaged := archive(t, entry{"a.ofd", 100})
	damaged[30+len("a.ofd")] ^= 0xff // the first octet of what is packed
	for name, test := range map[string]struct {
		content []byte
		want    string
		err     error
	}{
		"in their order, without folders":     {archive(t, entry{"b/", 0}, entry{"b/2.ofd", 3}, entry{"1.ofd", 2}), "b/2.ofd 3, 1.ofd 2", nil},
		"names of Chinese desktops":           {archive(t, entry{old, 1}), "证照.OFD 1", nil},
		"what is no OFD by its name is empty": {archive(t, entry{"a.txt", 9}, entry{"a.ofd", 1}), "a.txt 0, a.ofd 1", nil},
		"one that cannot be unpacked":         {damaged, "a.ofd 0", nil},
		"no archive":                          {[]byte("x"), "", batchfile.ErrArchive},
		"nothing in it":                       {archive(t, entry{"a/", 0}), "", batchfile.ErrArchive},
		"a name twice":                        {archive(t, entry{"a.ofd", 1}, entry{"A.OFD", 1}), "", batchfile.ErrArchive},
		"too many":                            {archive(t, many(batchfile.MaxArchived+1, 0)...), "", batchfile.ErrTooLarge},
		"one too large":                       {archive(t, entry{"a.ofd", batchfile.MaxDocument + 1}), "", batchfile.ErrTooLarge},
		"all together too large":              {archive(t, many(7, batchfile.MaxDocument)...), "", batchfile.ErrTooLarge},
	} {
		documents, err := batchfile.Documents(test.content)
		got := ""
		for i, d := range documents {
			if i > 0 {
				got += ", "
			}
			got += fmt.Sprintf("%s %d", d.Name, len(d.Content))
		}
		if !errors.Is(err, test.err) || got != test.want {
			t.Errorf("%s: %q %v", name, got, err)
		}
	}
}

func FuzzDocuments(f *testing.F) {
	f.Add(archive(f, entry{"a.ofd", 3}))
	f.Add([]byte("PK"))
	f.Fuzz(func(t *testing.T, content []byte) {
		documents, err := batchfile.Documents(content)
		total := 0
		for _, d := range documents {
			total += len(d.Content)
		}
		if err == nil && (len(documents) == 0 || len(documents) > batchfile.MaxArchived || total > batchfile.MaxUnpacked) {
			t.Error(len(documents), total)
		}
	})
}
