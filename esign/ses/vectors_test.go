package ses

import (
	"archive/zip"
	"encoding/json"
	"fmt"
	"io"
	"path"
	"strings"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/internal/testkit"
	"github.com/yinxin-gov/yinxin/keys/pki"
)

// expectedEntry is an entry of expected.json, or one of its signatures.
type expectedEntry struct {
	Format      string          `json:"format"`
	Structure   string          `json:"structure"`
	Type        string          `json:"type"`
	SealOK      *bool           `json:"seal_signature_ok"`
	ValueOK     *bool           `json:"signature_value_ok"`
	DataHashOK  *bool           `json:"data_hash_ok"`
	InSeal      *bool           `json:"signer_in_seal"`
	Encoding    string          `json:"signature_encoding"`
	SigningTime string          `json:"signing_time"`
	TimeIn      map[string]bool `json:"signing_time_in"`
	Seal        *expectedSeal   `json:"seal"`
	SES         *struct {
		Seal *expectedSeal `json:"seal"`
	} `json:"ses"`
	PropertyInfo string `json:"propertyInfo"`
	Record       struct {
		BaseLoc string `json:"BaseLoc"`
	} `json:"record"`
	Signatures []expectedEntry `json:"signatures"`
}

type expectedSeal struct {
	HeaderVersion int      `json:"headerVersion"`
	Vid           string   `json:"vid"`
	ESID          string   `json:"esID"`
	Property      []string `json:"property"`
	Picture       struct {
		Type   string `json:"type"`
		Bytes  int    `json:"bytes"`
		Width  int    `json:"width"`
		Height int    `json:"height"`
	} `json:"picture"`
	Ext           [][]string `json:"ext"`
	MakerValidity []string   `json:"makerValidity"`
}

func loadExpected(t testing.TB) map[string]expectedEntry {
	t.Helper()
	var raw map[string]json.RawMessage
	if err := json.Unmarshal(testkit.SharedFile(t, "vectors/ofd/expected.json"), &raw); err != nil {
		t.Fatal(err)
	}
	all := map[string]expectedEntry{}
	for name, entry := range raw {
		if strings.HasPrefix(name, "_") || strings.HasPrefix(name, "certs/") || strings.HasPrefix(name, "cms/") {
			continue
		}
		var parsed expectedEntry
		if err := json.Unmarshal(entry, &parsed); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		all[name] = parsed
	}
	return all
}

// checkSeal compares a seal with the list and verifies its signature.
func checkSeal(t *testing.T, seal *Seal, want *expectedSeal, structure string, signatureOK *bool) {
	t.Helper()
	if string(seal.Structure) != structure && structure != "" {
		t.Errorf("structure %s, want %s", seal.Structure, structure)
	}
	maker, err := pki.ParseCertificate(seal.MakerCert)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := seal.CheckSignature(maker, nil); signatureOK != nil && (err == nil) != *signatureOK {
		t.Errorf("maker signature: %v, want ok %t", err, *signatureOK)
	}
	if want == nil {
		return
	}
	if seal.Header.ID != "ES" || seal.Header.Version != want.HeaderVersion || seal.Header.Vid != want.Vid || seal.ESID != want.ESID {
		t.Errorf("header %+v, esID %q; want %d, %q, %q", seal.Header, seal.ESID, want.HeaderVersion, want.Vid, want.ESID)
	}
	if picture := seal.Picture; picture.Type != want.Picture.Type || len(picture.Data) != want.Picture.Bytes || picture.WidthMM != want.Picture.Width || picture.HeightMM != want.Picture.Height {
		t.Errorf("picture %s, %d octets, %d × %d mm; want %+v", picture.Type, len(picture.Data), picture.WidthMM, picture.HeightMM, want.Picture)
	}
	if have := fmt.Sprintf("INT:%d", seal.Property.Type); have != want.Property[0] {
		t.Errorf("type %s, want %s", have, want.Property[0])
	}
	if have := "UTF8:" + seal.Property.Name; have != want.Property[1] {
		t.Errorf("name %s, want %s", have, want.Property[1])
	}
	dates := []time.Time{seal.Property.CreateDate, seal.Property.ValidStart, seal.Property.ValidEnd}
	for i, date := range dates {
		text := want.Property[len(want.Property)-3+i]
		if have := "GenTime:" + date.Format("20060102150405Z"); have != text && "UTCTime:"+date.Format("060102150405Z") != text {
			t.Errorf("date %d is %s, want %s", i, have, text)
		}
	}
	if len(seal.Extensions) != len(want.Ext) {
		t.Errorf("%d extensions, want %d", len(seal.Extensions), len(want.Ext))
	}
	for i, extension := range seal.Extensions {
		if extension.ID != want.Ext[i][0] {
			t.Errorf("extension %s, want %s", extension.ID, want.Ext[i][0])
		}
	}
}

func TestSealVectors(t *testing.T) {
	ran := 0
	for name, want := range loadExpected(t) {
		if want.Format != "seal" {
			continue
		}
		ran++
		t.Run(name, func(t *testing.T) {
			seal, err := ParseSeal(testkit.SharedFile(t, "vectors/ofd/"+name))
			if err != nil {
				t.Fatal(err)
			}
			checkSeal(t, seal, want.Seal, want.Structure, want.SealOK)
			if name == "seals/UserV5_ts.esl" && len(seal.Timestamp) != 3 {
				t.Errorf("time stamp of %d octets, want 3", len(seal.Timestamp))
			}
		})
	}
	if ran != 4 {
		t.Errorf("ran %d seals, want 4", ran)
	}
}

func TestSignatureVectors(t *testing.T) {
	ran := 0
	for name, want := range loadExpected(t) {
		switch want.Format {
		case "seal_signature":
			ran++
			t.Run(name, func(t *testing.T) {
				var document []byte
				if want.DataHashOK != nil {
					document = testkit.SharedFile(t, "vectors/ofd/"+path.Dir(name)+"/Signature.xml")
				}
				signature := checkSignature(t, testkit.SharedFile(t, "vectors/ofd/"+name), want, document)
				if want.Seal != nil {
					checkSeal(t, signature.Seal, want.Seal, "", want.SealOK)
				}
				if have := "IA5:" + signature.PropertyInfo; want.PropertyInfo != "" && have != want.PropertyInfo {
					t.Errorf("propertyInfo %q", have)
				}
			})
		case "ofd":
			for i, one := range want.Signatures {
				if one.Type != "seal" {
					continue
				}
				ran++
				t.Run(fmt.Sprintf("%s %d", name, i), func(t *testing.T) {
					entries := unzip(t, "vectors/ofd/"+name)
					signatureXML := strings.TrimPrefix(path.Join("/Doc_0", one.Record.BaseLoc), "/")
					if strings.HasPrefix(one.Record.BaseLoc, "/") {
						signatureXML = strings.TrimPrefix(one.Record.BaseLoc, "/")
					}
					document := entries[signatureXML]
					if document == nil {
						document = entries["Doc_0/Signs/"+one.Record.BaseLoc]
						signatureXML = "Doc_0/Signs/" + one.Record.BaseLoc
					}
					if document == nil {
						t.Fatalf("no %s", signatureXML)
					}
					signature := checkSignature(t, entries[path.Dir(signatureXML)+"/SignedValue.dat"], one, document)
					if one.SES != nil {
						checkSeal(t, signature.Seal, one.SES.Seal, "", one.SealOK)
					}
				})
			}
		}
	}
	if ran != 14 {
		t.Errorf("ran %d signatures, want 14", ran)
	}
}

func checkSignature(t *testing.T, input []byte, want expectedEntry, document []byte) *Signature {
	t.Helper()
	signature, err := ParseSignature(input)
	if err != nil {
		t.Fatal(err)
	}
	if string(signature.Structure) != want.Structure {
		t.Errorf("structure %s, want %s", signature.Structure, want.Structure)
	}
	signer, err := pki.ParseCertificate(signature.SignerCert)
	if err != nil {
		t.Fatal(err)
	}
	encoding, err := signature.CheckSignature(signer, nil)
	if (err == nil) != *want.ValueOK || string(encoding) != want.Encoding {
		t.Errorf("value: %v, %s; want ok %t, %s", err, encoding, *want.ValueOK, want.Encoding)
	}
	if listed := signature.Seal.ListsSigner(signature.SignerCert); listed != *want.InSeal {
		t.Errorf("signer listed %t", listed)
	}
	if want.DataHashOK != nil && signature.BindsData(document) != *want.DataHashOK {
		t.Errorf("dataHash holds %t", !*want.DataHashOK)
	}
	moment, err := time.Parse(time.RFC3339Nano, want.SigningTime)
	if err != nil {
		t.Fatal(err)
	}
	if !signature.Time.Moment.Equal(moment) {
		t.Errorf("signing time %s, want %s", signature.Time.Moment, moment)
	}
	maker, err := pki.ParseCertificate(signature.Seal.MakerCert)
	if err != nil {
		t.Fatal(err)
	}
	have := map[string]bool{"signer_cert": signer.InPeriod(moment), "seal": signature.Seal.InPeriod(moment), "maker_cert": maker.InPeriod(moment)}
	for period, inside := range want.TimeIn {
		if have[period] != inside {
			t.Errorf("signing time in %s: %t, want %t", period, have[period], inside)
		}
	}
	return signature
}

// TestRealDeviations holds what vendors' files must be tolerated for, and that strict reading refuses exactly those.
func TestRealDeviations(t *testing.T) {
	kinggrid := unzip(t, "vectors/ofd/docs/kinggrid-999.ofd")
	iofd := unzip(t, "vectors/ofd/docs/iofd-v1-n.ofd")
	tests := []struct {
		name            string
		input           []byte
		inSignature     []Deviation
		inSeal          []Deviation
		signatureStrict bool
	}{
		{"V4", testkit.SharedFile(t, "vectors/ofd/signatures/SignedValueV4.dat"), nil, nil, true},
		{"V5", testkit.SharedFile(t, "vectors/ofd/signatures/SignedValueV5.dat"), nil, nil, true},
		{"explicit critical FALSE", findValue(t, kinggrid), nil, []Deviation{CriticalFalse}, false},
		{"text instead of certificates and time", findValue(t, iofd), []Deviation{TimeInfoText}, []Deviation{CertListText}, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			signature, err := ParseSignature(test.input)
			if err != nil {
				t.Fatal(err)
			}
			if fmt.Sprint(signature.Deviations) != fmt.Sprint(test.inSignature) || fmt.Sprint(signature.Seal.Deviations) != fmt.Sprint(test.inSeal) {
				t.Errorf("deviations %v, in the seal %v", signature.Deviations, signature.Seal.Deviations)
			}
			_, err = ParseSignatureStrict(test.input)
			if (err == nil) != test.signatureStrict || err != nil && !IsStrict(err) {
				t.Errorf("strict: %v", err)
			}
		})
	}
}

func findValue(t testing.TB, entries map[string][]byte) []byte {
	t.Helper()
	for name, content := range entries {
		if strings.HasSuffix(name, "Sign_0/SignedValue.dat") {
			return content
		}
	}
	t.Fatal("no SignedValue.dat")
	return nil
}

func unzip(t testing.TB, name string) map[string][]byte {
	t.Helper()
	archive, err := zip.OpenReader(testkit.Shared(t, name))
	if err != nil {
		t.Fatal(err)
	}
	defer archive.Close()
	entries := map[string][]byte{}
	for _, file := range archive.File {
		reader, err := file.Open()
		if err != nil {
			t.Fatal(err)
		}
		if entries[strings.TrimPrefix(file.Name, "/")], err = io.ReadAll(reader); err != nil {
			t.Fatal(err)
		}
		reader.Close()
	}
	return entries
}
