package gbt36906

import (
	"context"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/yinxin-gov/yinxin/elicense"
	"github.com/yinxin-gov/yinxin/elicense/catalog"
	"github.com/yinxin-gov/yinxin/esign/ofd"
	"github.com/yinxin-gov/yinxin/esign/render"
	"github.com/yinxin-gov/yinxin/internal/fault"
)

// operation is what a call does, with the members that it needs and may have, by our names.
type operation struct {
	needs, may []string
	most       int64 // octets of the body
	run        func(s *server, ctx context.Context, v values) (any, error)
}

func (o operation) takes(name string) bool {
	return slices.Contains(o.needs, name) || slices.Contains(o.may, name)
}

// member is the name of a member on the wire, the first by the alphabet where there are two.
func (o operation) member(name string) string {
	var all []string
	for member, ours := range words.Request {
		if ours == name {
			all = append(all, member)
		}
	}
	slices.Sort(all)
	if len(all) == 0 {
		return name
	}
	return strings.Join(all, " / ")
}

// operations by what they do. Each use names its purpose, service item and case: the standard's free text is not enough for a grant by function.
var operations = map[string]operation{
	"fields":           {needs: []string{"license_id", "purpose", "item_code", "case_number"}, may: []string{"fields"}, most: maxBody, run: (*server).fields},
	"fields_by_holder": {needs: []string{"holder_code", "holder_code_type", "license_type_code", "purpose", "item_code", "case_number"}, may: []string{"license_number", "fields"}, most: maxBody, run: (*server).fieldsByHolder},
	"fields_by_code":   {needs: []string{"code", "purpose"}, most: maxBody, run: (*server).fieldsByCode},
	"link":             {needs: []string{"license_id", "purpose", "item_code", "case_number"}, may: []string{"copy_ends"}, most: maxBody, run: (*server).link},
	"links_by_holder":  {needs: []string{"holder_code", "holder_code_type", "license_type_code", "purpose", "item_code", "case_number"}, may: []string{"license_number", "copy_ends"}, most: maxBody, run: (*server).linksByHolder},
	"file":             {needs: []string{"license_id", "purpose", "file_type", "item_code", "case_number"}, may: []string{"copy_ends"}, most: maxBody, run: (*server).download},
	"compare":          {needs: []string{"license_type_code", "face_fields", "purpose"}, may: []string{"holder_code_type"}, most: maxBody, run: (*server).compare},
	"verify":           {needs: []string{"license_type_code", "content_type", "content", "purpose"}, most: maxFileBody, run: (*server).verify},
	"face":             {needs: []string{"license_type_code"}, most: maxBody, run: (*server).face},
}

// told names the members of an answer.
func told(pairs ...any) map[string]any {
	out := map[string]any{}
	for i := 0; i+1 < len(pairs); i += 2 {
		out[words.Answer[pairs[i].(string)]] = pairs[i+1]
	}
	return out
}

// terms are those of a grant by function.
func terms(v values) (elicense.GrantRequest, error) {
	purpose, err := purposeOf(v.text["purpose"])
	return elicense.GrantRequest{Purpose: purpose, Item: v.text["item_code"], CaseNumber: v.text["case_number"], Hours: 1}, err
}

func (s *server) fields(ctx context.Context, v values) (any, error) {
	return s.fieldsOf(ctx, v.text["license_id"], v)
}

func (s *server) fieldsOf(ctx context.Context, licenseID string, v values) (any, error) {
	r, err := terms(v)
	if err != nil {
		return nil, err
	}
	for _, name := range v.fields {
		if key, short := words.Face[name]; short {
			name = key
		}
		r.Fields = append(r.Fields, name)
	}
	redeemed, err := s.Service.FieldsByFunction(ctx, licenseID, r)
	if err != nil {
		return nil, err
	}
	return told("license_id", redeemed.Grant.LicenseID, "face_fields", s.wire(redeemed.Grant.TypeCode, redeemed.Values)), nil
}

// wire gives fields the English names of GB/T 36903; one that may stand more than once is a list.
func (s *server) wire(typeCode string, values map[string][]string) map[string]any {
	t, _ := s.Service.Types().Find(typeCode)
	out := map[string]any{}
	for key, list := range values {
		var f catalog.Field
		if t != nil {
			f, _ = t.Field(key)
		}
		switch {
		case f.Key == "": // a predicate
			out[key] = strings.Join(list, "")
		case f.Repeated:
			out[f.English] = list
		default:
			out[f.English] = strings.Join(list, "")
		}
	}
	return out
}

// keyOf is our key of a field: by the short names of the interface, or any name that the type knows.
func keyOf(t *catalog.Type, name string) (string, bool) {
	if key, ok := words.Face[name]; ok {
		return key, true
	}
	return t.Lookup(name)
}

func (v values) holder() elicense.HolderQuery {
	return elicense.HolderQuery{CodeType: v.text["holder_code_type"], Code: v.text["holder_code"], TypeCode: v.text["license_type_code"], Number: v.text["license_number"]}
}

func (s *server) fieldsByHolder(ctx context.Context, v values) (any, error) {
	if _, err := terms(v); err != nil {
		return nil, err
	}
	ids, err := s.Service.HeldLicenses(ctx, v.holder())
	if err != nil {
		return nil, err
	}
	if len(ids) > 1 { // the answer is for one, and which is for the caller to say
		return nil, &refusal{codeMissing, "certNo"}
	}
	return s.fieldsOf(ctx, ids[0], v)
}

func (s *server) fieldsByCode(ctx context.Context, v values) (any, error) {
	if _, err := purposeOf(v.text["purpose"]); err != nil {
		return nil, err
	}
	shown, err := s.Service.ScanCode(ctx, v.text["code"])
	if err != nil {
		return nil, err
	}
	face := map[string][]string{}
	for key, value := range shown.Values {
		face[key] = []string{value}
	}
	return told("license_id", shown.License.LicenseID, "face_fields", s.wire(shown.License.TypeCode, face)), nil
}

// copyEnds reads the wished end of a copy: YYYYMMDDhhmmss in the time of Beijing.
func copyEnds(v values) (time.Time, error) {
	text := v.text["copy_ends"]
	if text == "" {
		return time.Time{}, nil
	}
	at, err := time.ParseInLocation("20060102150405", text, beijing)
	if err != nil {
		return time.Time{}, &refusal{codeValue, "expiryTime"}
	}
	return at.UTC(), nil
}

var beijing = time.FixedZone("CST", 8*3600)

func (s *server) copyOf(ctx context.Context, licenseID string, v values) (elicense.LicenseCopy, error) {
	r, err := terms(v)
	if err != nil {
		return elicense.LicenseCopy{}, err
	}
	until, err := copyEnds(v)
	if err != nil {
		return elicense.LicenseCopy{}, err
	}
	return s.Service.CopyByFunction(ctx, licenseID, r, until)
}

func (s *server) link(ctx context.Context, v values) (any, error) {
	return s.linkOf(ctx, v.text["license_id"], v)
}

func (s *server) linkOf(ctx context.Context, licenseID string, v values) (any, error) {
	c, err := s.copyOf(ctx, licenseID, v)
	if err != nil {
		return nil, err
	}
	secret, ends, err := s.Service.LinkCopy(ctx, c)
	if err != nil {
		return nil, err
	}
	scheme, _, _ := strings.Cut(s.BaseURL, ":")
	return told("license_id", c.Data.LicenseID, "content_type", scheme, "content", s.BaseURL+filesPath+secret, "ends", ends.In(beijing).Format("20060102150405")), nil
}

// maxLinks is how many copies one call makes: each is sealed.
const maxLinks = 10

func (s *server) linksByHolder(ctx context.Context, v values) (any, error) {
	if _, err := terms(v); err != nil {
		return nil, err
	}
	if _, err := copyEnds(v); err != nil {
		return nil, err
	}
	ids, err := s.Service.HeldLicenses(ctx, v.holder())
	if err != nil {
		return nil, err
	}
	if len(ids) > maxLinks {
		return nil, &refusal{codeMissing, "certNo"}
	}
	list := []any{}
	for _, id := range ids {
		one, err := s.linkOf(ctx, id, v)
		if err != nil { // copies made by then stand on the ledger and end by themselves
			return nil, err
		}
		list = append(list, one)
	}
	return list, nil
}

func (s *server) download(ctx context.Context, v values) (any, error) {
	if kind := v.text["file_type"]; kind != "ofd" && kind != "png" {
		return nil, &refusal{codeValue, "fileType"}
	}
	c, err := s.copyOf(ctx, v.text["license_id"], v)
	if err != nil {
		return nil, err
	}
	_, content, err := s.Service.CopyFile(ctx, c.ID)
	if err != nil {
		return nil, err
	}
	if v.text["file_type"] == "png" {
		if content, err = s.draw(ctx, content); err != nil {
			return nil, err
		}
	}
	return told("license_id", c.Data.LicenseID, "content_type", "base64", "content", base64.StdEncoding.EncodeToString(content)), nil
}

// drawnDPI is the resolution of pictures.
const drawnDPI = 150

// draw draws the first page of a copy. It is to look at: nothing in a picture can be verified.
func (s *server) draw(ctx context.Context, content []byte) ([]byte, error) {
	select {
	case s.drawing <- struct{}{}:
		defer func() { <-s.drawing }()
	case <-ctx.Done():
		return nil, fault.Wrap(ctx.Err(), fault.Unavailable)
	}
	p, err := ofd.Open(content, ofd.DefaultLimits())
	if err != nil {
		return nil, fmt.Errorf("read copy: %w", err)
	}
	document, err := render.Open(p, render.Options{Document: render.Current(p), Faces: s.Faces})
	if err != nil {
		return nil, fmt.Errorf("draw copy: %w", err)
	}
	page, err := document.Page(1)
	if err != nil {
		return nil, fmt.Errorf("draw copy: %w", err)
	}
	return page.PNG(drawnDPI)
}

// resultOf is the answer of a verification.
func resultOf(word string) map[string]any {
	result := words.Results[word]
	return told("result", result, "message", words.ResultMessages[result])
}

func (s *server) compare(ctx context.Context, v values) (any, error) {
	if _, err := purposeOf(v.text["purpose"]); err != nil {
		return nil, err
	}
	t, err := s.Service.FaceOf(ctx, v.text["license_type_code"])
	if err != nil {
		return nil, err
	}
	claimed := map[string]string{}
	for name, value := range v.face {
		key, ok := keyOf(t, name)
		if _, twice := claimed[key]; !ok || twice || len(value) > 4096 {
			return nil, &refusal{codeValue, name}
		}
		claimed[key] = value
	}
	q := v.holder()
	q.Code, q.Number = claimed[catalog.KeyHolderCode], claimed[catalog.KeyLicenseNumber]
	if q.Code == "" || len(claimed) < 2 { // a code alone would ask who has what
		return resultOf("undecided"), nil
	}
	c, err := s.Service.Compare(ctx, q, claimed)
	switch {
	case err != nil:
		return nil, err
	case !c.Found:
		return resultOf("not_found"), nil
	case !c.Same:
		return resultOf("differs"), nil
	}
	return resultOf(c.Status), nil
}

// reasonNotYet is the reason of a report whose licence is not in force yet (licensefile).
const reasonNotYet = "license_not_yet_valid"

func (s *server) verify(ctx context.Context, v values) (any, error) {
	if _, err := purposeOf(v.text["purpose"]); err != nil {
		return nil, err
	}
	if v.text["content_type"] != "base64" {
		return nil, &refusal{codeValue, "contentType"}
	}
	content, err := base64.StdEncoding.Strict().DecodeString(v.text["content"])
	if err != nil {
		return nil, &refusal{codeValue, "content"}
	}
	result, err := s.Service.VerifyShared(ctx, v.text["license_type_code"], content)
	if err != nil {
		return nil, err
	}
	word, known := words.Verdicts[result.Code]
	switch {
	case result.License == nil:
		word = "not_found" // no licence of any type
	case result.License.TypeCode != v.text["license_type_code"]:
		word = "differs"
	case result.Verdict == "valid":
		word = catalog.StatusValid
	case !known:
		word = "differs"
	default:
		for _, reason := range result.Reasons {
			if reason.Code == reasonNotYet {
				word = elicense.StatusNotYet
			}
		}
	}
	return resultOf(word), nil
}

func (s *server) face(ctx context.Context, v values) (any, error) {
	t, err := s.Service.FaceOf(ctx, v.text["license_type_code"])
	if err != nil {
		return nil, err
	}
	list := []any{}
	for _, f := range t.Fields {
		list = append(list, told("name", f.English, "label", f.Label["zh-CN"], "kind", string(f.Kind), "required", f.Required, "repeated", f.Repeated))
	}
	return told("license_type_code", t.Code, "license_type_name", t.Name["zh-CN"], "face", list), nil
}
