package esign_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/yinxin-gov/yinxin/esign"
	"github.com/yinxin-gov/yinxin/esign/pdf"
	"github.com/yinxin-gov/yinxin/esign/pdf/pdftest"
	"github.com/yinxin-gov/yinxin/esign/sealtest"
	"github.com/yinxin-gov/yinxin/esign/verify"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/keys"
	"github.com/yinxin-gov/yinxin/keys/digest"
	"github.com/yinxin-gov/yinxin/keys/pki"
)

// peers fails the test when qpdf finds fault with a sealed file, or pdfsig does not see its signatures over the whole of it.
func peers(t *testing.T, data []byte, signatures int) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "a.pdf")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	run := func(tool string, arguments ...string) string {
		program, err := exec.LookPath(tool)
		if err != nil {
			t.Fatalf("outside reader is missing (make prepare installs it): %v", err)
		}
		out, err := exec.Command(program, arguments...).CombinedOutput()
		if err != nil && tool == "qpdf" {
			t.Errorf("%s: %v\n%s", tool, err, out)
		}
		return string(out)
	}
	if out := run("qpdf", "--check", path); strings.Contains(out, "WARNING") {
		t.Errorf("qpdf: %s", out)
	}
	out := run("pdfsig", "-nocert", path)
	for n := range signatures {
		if !strings.Contains(out, fmt.Sprintf("Signature Field Name: Signature%d", n+1)) {
			t.Errorf("pdfsig misses signature %d:\n%s", n+1, out)
		}
	}
	if strings.Count(out, "Total document signed") < 1 || strings.Count(out, "Not total document signed") != signatures-1 {
		t.Errorf("pdfsig:\n%s", out)
	}
}

// drawn tells whether a verifier knows the seal at the appearances that were promised.
func drawn(shown []esign.Appearance, placements []verify.Placement) bool {
	return slices.EqualFunc(shown, placements, func(a esign.Appearance, p verify.Placement) bool {
		box := a.Box
		if a.Clip != nil {
			box.X, box.Y, box.Width, box.Height = box.X+a.Clip.X, box.Y+a.Clip.Y, a.Clip.Width, a.Clip.Height
		}
		near := func(a, b float64) bool { return math.Abs(a-b) <= 0.001 }
		return a.Page == p.Page && near(box.X, p.XMM) && near(box.Y, p.YMM) && near(box.Width, p.WidthMM) && near(box.Height, p.HeightMM)
	})
}

func TestStampOfPDF(t *testing.T) {
	w, twin := newWorld(t)
	seal := w.Active(t, sealtest.SampleApplication(1))
	turned := func(n int) []byte { return sealtest.PDF(3, fmt.Sprintf("/Rotate %d", n)) }
	for name, c := range map[string]struct {
		document []byte
		places   []esign.Place
		count    int
	}{
		"one page":        {sealtest.PDF(3), []esign.Place{esign.At(2, 140, 220)}, 1},
		"many pages":      {sealtest.PDF(3), []esign.Place{{Kind: esign.OnPages, Pages: "all", XMM: 100, YMM: 10}}, 3},
		"straddle":        {sealtest.PDF(3), []esign.Place{{Kind: esign.Straddle, Edge: esign.EdgeRight}}, 3},
		"straddle bottom": {sealtest.PDF(5), []esign.Place{{Kind: esign.Straddle, Edge: esign.EdgeBottom, PerSet: 3, MarginMM: 2}}, 5},
		"two kinds":       {sealtest.PDF(3), []esign.Place{esign.At(3, 10, 10), {Kind: esign.Straddle, Edge: esign.EdgeLeft}}, 4},
		"invisible":       {sealtest.PDF(3), nil, 0},
		"turned 90":       {turned(90), []esign.Place{esign.At(1, 250, 160), {Kind: esign.Straddle, Edge: esign.EdgeRight}}, 4},
		"turned 180":      {turned(180), []esign.Place{esign.At(1, 150, 250), {Kind: esign.Straddle, Edge: esign.EdgeTop}}, 4},
		"turned 270":      {turned(-90), []esign.Place{esign.At(1, 250, 160), {Kind: esign.Straddle, Edge: esign.EdgeLeft}}, 4},
		"own unit":        {sealtest.PDF(2, "/UserUnit 2"), []esign.Place{esign.At(2, 370, 550)}, 1},
		"packed":          {pdftest.Packed(pdftest.Plain(), "/Root 1 0 R"), []esign.Place{esign.At(1, 140, 220)}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			request := sealtest.Request(seal, c.document)
			request.Places, request.Key = c.places, name
			shown, err := w.Service.PreviewStamp(sealtest.Keeper, seal.ID, c.document, c.places)
			if err != nil || len(shown) != c.count {
				t.Fatalf("%d appearances, %v", len(shown), err)
			}
			s, result := stamp(t, w, request)
			if !bytes.HasPrefix(result, c.document) || s.ResultSM3 != digest.Hex(result) {
				t.Error("the octets before the signature changed, or the record is of another file")
			}
			report := w.Verify(t, result)
			if report.Format != "pdf" || report.Verdict != verify.Valid || report.Code != "V00" || len(report.Signatures) != 1 || !report.Coverage.Complete {
				t.Fatalf("%s %+v", report.Code, report.Reasons)
			}
			signature := report.Signatures[0]
			if signature.Type != "seal" || signature.Seal.SealID != seal.Code || !signature.SigningTime.Equal(w.Now()) || !drawn(shown, signature.Placements) {
				t.Errorf("%+v\nwant %+v", signature, shown)
			}
			peers(t, result, 1)
			// The same key gives the same octets.
			if _, again := stamp(t, w, request); !bytes.Equal(again, result) {
				t.Error("the same key gave another result")
			}
			// Whatever of the document or of the seal's places is changed, it does not verify any more.
			for _, change := range [][2]string{{"(Page 1)", "(Page 9)"}, {"(Amount 100)", "(Amount 900)"}, {"/Subtype/Stamp/F 196/Rect[", "/Subtype/Stamp/F 198/Rect["}, {"/F 132/Rect[", "/F 134/Rect["}} {
				if altered := bytes.Replace(result, []byte(change[0]), []byte(change[1]), 1); !bytes.Equal(altered, result) {
					if report := w.Verify(t, altered); report.Verdict != verify.Invalid {
						t.Errorf("%s: %s", change[0], report.Code)
					}
				}
			}
		})
	}
	for _, r := range twin.Records() {
		if e := r.Events[0]; e.Type == "seal.stamp.planned" && (len(e.Details["description"]) != 64 || e.Details["source"] == "") {
			t.Errorf("%+v", e.Details)
		}
	}
}

// TestSecondSealOnPDF: a further seal in many places leaves the first one valid.
func TestSecondSealOnPDF(t *testing.T) {
	w, _ := newWorld(t)
	places := []esign.Place{{Kind: esign.Straddle, Edge: esign.EdgeRight}, esign.At(3, 20, 20)}
	first := sealtest.Request(w.Active(t, sealtest.SampleApplication(1)), sealtest.PDF(3))
	first.Places = places
	_, once := stamp(t, w, first)
	other := sealtest.SampleApplication(2)
	other.Owner = "示例市住房和城乡建设局"
	second := sealtest.Request(w.Active(t, other), once)
	second.Key, second.Places = "key-0002", []esign.Place{{Kind: esign.Straddle, Edge: esign.EdgeRight, AlongMM: new(float64)}, esign.At(3, 80, 20)}
	_, twice := stamp(t, w, second)
	report := w.Verify(t, twice)
	if report.Verdict != verify.Valid || len(report.Signatures) != 2 || len(report.Signatures[0].Placements) != 4 || len(report.Signatures[1].Placements) != 4 {
		t.Fatalf("%s %+v", report.Code, report.Reasons)
	}
	for _, s := range report.Signatures {
		if s.Verdict != verify.Valid {
			t.Errorf("%+v", s)
		}
	}
	if !slices.ContainsFunc(report.Reasons, func(r verify.Reason) bool { return r.Code == "appearance_after" }) {
		t.Error("nobody is told that a later seal shows something")
	}
	peers(t, twice, 2)
}

// TestPDFThatIsNotSealed: whatever is wrong is told before a key is used (rows D-26 to D-31).
func TestPDFThatIsNotSealed(t *testing.T) {
	w, twin := newWorld(t)
	seal := w.Active(t, sealtest.SampleApplication(1))
	_, good := stamp(t, w, sealtest.Request(seal, sealtest.PDF(1)))
	plain := sealtest.PDF(1)
	certified := map[int][]byte{}
	for level := 1; level <= 3; level++ {
		certified[level] = certifiedPDF(t, w, seal, plain, level)
	}
	signed, stamps := w.Keys.Signed(keys.UsageSealSigner), len(twin.AllStamps())
	for name, c := range map[string]struct {
		document []byte
		change   func(*esign.StampRequest)
		code     fault.Code
		says     string
	}{
		"header alone":                           {[]byte("%PDF-1.7"), nil, fault.DocumentRefused, pdf.CodeStructure},
		"encrypted":                              {pdftest.Table(pdftest.Plain(), "/Root 1 0 R/Encrypt<<>>"), nil, fault.DocumentRefused, pdf.CodeEncrypted},
		"XFA":                                    {pdftest.Table(pdftest.Plain().With(pdftest.Objects{1: "<</Type/Catalog/Pages 2 0 R/AcroForm<</Fields[]/XFA(x)>>>>"}), "/Root 1 0 R"), nil, fault.DocumentRefused, "XFA"},
		"behind the end":                         {append(slices.Clone(plain), "9 0 obj\nnull\nendobj\n"...), nil, fault.DocumentRefused, pdf.CodeStructure},
		"cut off":                                {plain[:len(plain)-30], nil, fault.DocumentRefused, pdf.CodeStructure},
		"turned a little":                        {sealtest.PDF(1, "/Rotate 45"), nil, fault.DocumentRefused, pdf.CodeStructure},
		"D-26 no value":                          {bytes.Replace(good, []byte("/Contents<"), []byte("/Contentz<"), 1), nil, fault.DocumentAltered, ""},
		"D-27 update":                            {pdftest.Update(good, pdftest.Objects{5: pdftest.Stream("BT (x) Tj ET")}, "/Root 1 0 R"), nil, fault.DocumentAltered, ""},
		"D-27 taken away":                        {pdftest.Update(good, pdftest.Objects{1: "<</Type/Catalog/Pages 2 0 R>>"}, "/Root 1 0 R"), nil, fault.DocumentAltered, ""},
		"D-28 range":                             {bytes.Replace(good, []byte("/ByteRange[0 "), []byte("/ByteRange[1 "), 1), nil, fault.DocumentAltered, ""},
		"D-29 page elsewhere":                    {pdftest.Update(good, pdftest.Objects{4: "<</Type/Page/Parent 2 0 R/Contents 40 0 R>>", 40: pdftest.Stream("BT (x) Tj ET")}, "/Root 1 0 R"), nil, fault.DocumentAltered, ""},
		"D-30 certified, level 1, nothing shown": {certified[1], func(r *esign.StampRequest) { r.Places = nil }, fault.DocumentLocked, ""},
		"D-30 certified, level 2":                {certified[2], nil, fault.DocumentLocked, ""},
		"D-30 certified, level 3":                {certified[3], nil, fault.DocumentLocked, ""},
		"octets changed":                         {bytes.Replace(good, []byte("(Page 1)"), []byte("(Page 9)"), 1), nil, fault.DocumentAltered, ""},
		"keyword":                                {plain, func(r *esign.StampRequest) { r.Places = []esign.Place{{Kind: esign.Keyword, Text: "Page"}} }, fault.StampKeywordPDF, ""},
		"outside":                                {plain, func(r *esign.StampRequest) { r.Places[0].XMM = 170 }, fault.StampPlace, ""},
		"outside, turned":                        {sealtest.PDF(1, "/Rotate 90"), nil, fault.StampPlace, ""}, // 220 + 42 is below a page that lies on its side
		"no such page":                           {plain, func(r *esign.StampRequest) { r.Places[0].Pages = "2" }, fault.StampPlace, ""},
		"not the approved":                       {plain, func(r *esign.StampRequest) { r.ExpectedSM3 = strings.Repeat("0", 64) }, fault.DocumentNotApproved, ""},
		"unknown value":                          {plain, func(r *esign.StampRequest) { r.Value = "x" }, fault.Invalid, ""},
		"OFD with a message":                     {sealtest.Document(t, 1), func(r *esign.StampRequest) { r.Value = esign.CMSValue }, fault.StampValueKind, ""},
	} {
		t.Run(name, func(t *testing.T) {
			request := sealtest.Request(seal, c.document)
			request.Key = name
			if c.change != nil {
				c.change(&request)
			}
			_, result, err := w.Service.Stamp(sealtest.Keeper, request)
			wantCode(t, err, c.code)
			if f := fault.From(err); c.says != "" && !strings.Contains(fmt.Sprint(f.Params), c.says) {
				t.Errorf("says %v", f.Params)
			}
			if result != nil {
				t.Error("a refused document was sealed")
			}
		})
	}
	if w.Keys.Signed(keys.UsageSealSigner) != signed || len(twin.AllStamps()) != stamps {
		t.Error("a refused document reached the key or the record")
	}
	// A certification that permits forms permits a seal that shows nothing.
	request := sealtest.Request(seal, certified[2])
	request.Key, request.Places = "key-certified", nil
	_, result := stamp(t, w, request)
	if report := w.Verify(t, result); report.Verdict != verify.Valid || len(report.Signatures) != 2 {
		t.Errorf("%s %+v", report.Code, report.Reasons)
	}
}

// certifiedPDF is a file that the seal's signer certified (DocMDP) outside the service.
func certifiedPDF(t *testing.T, w *sealtest.World, seal esign.Seal, data []byte, level int) []byte {
	t.Helper()
	signer, err := w.Keys.Signer(t.Context(), seal.KeyID, keys.UsageSealSigner)
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := pki.ParseCertificate(seal.SignerCert)
	if err != nil {
		t.Fatal(err)
	}
	return pdftest.Sign(t, data, pdf.SignatureRequest{Certify: level, Time: w.Now()}, func(signed []byte) []byte {
		value, err := pki.MakeSignedData(pki.SignedDataTemplate{}, signed, certificate, func(message []byte) ([]byte, error) { return signer.SignMessage(t.Context(), message) })
		if err != nil {
			t.Fatal(err)
		}
		return value
	})
}

// TestPDFAtLevelT: the time of a sealed file is proven, whatever its value is.
func TestPDFAtLevelT(t *testing.T) {
	w, _ := newWorld(t)
	seal := w.Active(t, sealtest.SampleApplication(1))
	good := w.TimeStamps(t)
	for _, value := range []esign.ValueKind{esign.SealValue, esign.CMSValue, esign.GMValue} {
		stampedWith(t, w, good)
		request := sealtest.Request(seal, sealtest.PDF(1))
		request.Key, request.Value = "key-T"+string(value), value
		_, proven := stamp(t, w, request)
		if r := w.Verify(t, proven); r.Verdict != verify.Valid || r.Signatures[0].TimeSource != "timestamp" || !r.Signatures[0].SigningTime.Equal(w.Now()) {
			t.Errorf("%q: %s %+v", value, r.Code, r.Reasons)
		}
		// An authority that is away keeps the plan; one that errs gives nothing away.
		stampedWith(t, w, stamperFunc(func(context.Context, []byte) ([]byte, error) { return nil, errors.New("away") }))
		request.Key = "key-away" + string(value)
		if _, _, err := w.Service.Stamp(sealtest.Keeper, request); fault.CodeOf(err) != fault.Unavailable {
			t.Errorf("%q away: %v", value, err)
		}
		stampedWith(t, w, stamperFunc(func(ctx context.Context, _ []byte) ([]byte, error) { return good.TimeStamp(ctx, []byte("another")) }))
		request.Key = "key-wrong" + string(value)
		if _, result, err := w.Service.Stamp(sealtest.Keeper, request); err == nil || result != nil {
			t.Errorf("%q: %d octets left without a proven time", value, len(result))
		}
	}
}

// TestPDFWithMessage: where a message was asked for, the seal is a picture, and the signer is judged.
func TestPDFWithMessage(t *testing.T) {
	w, _ := newWorld(t)
	request := sealtest.Request(w.Active(t, sealtest.SampleApplication(1)), sealtest.PDF(2))
	for value, subFilter := range map[esign.ValueKind]string{esign.CMSValue: pdf.SubFilterCAdES, esign.GMValue: pdf.SubFilterPKCS7} {
		request.Value, request.Key = value, "key-"+string(value)
		s, result := stamp(t, w, request)
		report := w.Verify(t, result)
		if s.Value != value || report.Verdict != verify.Valid || report.Signatures[0].Type != "sign" || report.Signatures[0].Structure != "cms" || report.Signatures[0].Seal != nil || !bytes.Contains(result, []byte("/SubFilter/"+subFilter)) {
			t.Errorf("%s: %s %+v", value, report.Code, report.Signatures)
		}
		peers(t, result, 1)
	}
	request.Value = esign.SealValue
	_, _, err := w.Service.Stamp(sealtest.Keeper, request)
	wantCode(t, err, fault.StampKeyReused) // other words
}

// TestSamePDFStampedAtOnce: of many calls with one key one stamps.
func TestSamePDFStampedAtOnce(t *testing.T) {
	w, twin := newWorld(t)
	request := sealtest.Request(w.Active(t, sealtest.SampleApplication(1)), sealtest.PDF(2))
	var group sync.WaitGroup
	var mutex sync.Mutex
	results := map[string]int{}
	for range 6 {
		group.Go(func() {
			_, result, err := w.Service.Stamp(sealtest.Keeper, request)
			mutex.Lock()
			defer mutex.Unlock()
			if err == nil {
				results[digest.Hex(result)]++
			} else if fault.CodeOf(err) != fault.StampBusy {
				t.Error(err)
			}
		})
	}
	group.Wait()
	if len(results) != 1 || len(twin.AllStamps()) != 1 || w.Keys.Signed(keys.UsageSealSigner) != 1 {
		t.Errorf("%d results, %d records, %d signatures", len(results), len(twin.AllStamps()), w.Keys.Signed(keys.UsageSealSigner))
	}
}
