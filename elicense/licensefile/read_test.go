package licensefile_test

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/yinxin-gov/yinxin/elicense/catalog"
	"github.com/yinxin-gov/yinxin/elicense/licensefile"
	"github.com/yinxin-gov/yinxin/elicense/licensetest"
	"github.com/yinxin-gov/yinxin/esign/ofd"
)

// TestDataOfOtherMakers: which names and values of a file count, from where and how many.
func TestDataOfOtherMakers(t *testing.T) {
	const id = "1.2.156.3005.2.11100000MB03271699022.340100.000000016.001.9"
	base := []ofd.CustomData{{Name: "ZZBS", Value: id}, {Name: "ZZLXDM", Value: licensetest.RealEstateTitle}}
	and := func(more ...ofd.CustomData) []ofd.CustomData { return append(slices.Clone(base), more...) }
	fill := func(n int) (list []ofd.CustomData) {
		for i := range n {
			list = append(list, ofd.CustomData{Name: fmt.Sprint("x", i), Value: "y"})
		}
		return list
	}
	tag := func(inner string) ofd.BuildTag {
		return ofd.BuildTag{TypeID: "x", Content: []byte(`<a xmlns:ofd="http://www.ofdspec.org/2016">` + inner + `</a>`)}
	}
	const data, holder = `<ofd:CustomData Name="ZZBS">` + id + `</ofd:CustomData>`, `<ofd:CustomData Name="CZZT">丙</ofd:CustomData>`
	many := strings.Repeat("<b/>", 10) + strings.Repeat(`<ofd:CustomData Name="x">y</ofd:CustomData>`, 511)
	renamed := func(name string, tag ofd.BuildTag) []byte { // the file of the tag, under another name
		file := edited(t, foreign(t, nil, tag), in(t, "CustomTags.xml", "CustomTag_0.xml", name))
		p := open(t, file)
		var files []ofd.File
		for _, path := range p.Names() {
			content, err := p.Read(path)
			if err != nil {
				t.Fatal(err)
			}
			files = append(files, ofd.File{Path: strings.Replace(path, "/Doc_0/Tags/CustomTag_0.xml", name, 1), Content: content})
		}
		out, err := ofd.Pack(files)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	for name, c := range map[string]struct {
		file []byte
		want string // key=values of those that are told of; none where it is no licence
	}{
		"as it is":                    {foreign(t, base), "license_id=" + id},
		"twice":                       {foreign(t, and(base[0])), "license_id=" + id},
		"twice, here and there":       {foreign(t, base, tag(data)), "license_id=" + id},
		"an empty one before":         {foreign(t, append([]ofd.CustomData{{Name: "ZZBS"}}, base...)), "license_id=" + id},
		"the last that counts":        {foreign(t, append(fill(511), base[0])), "license_id=" + id},
		"behind the last that counts": {foreign(t, append(fill(512), base[0])), "none"},
		"the last of a tag":           {foreign(t, nil, tag(many+data)), "license_id=" + id},
		"behind the last of a tag":    {foreign(t, fill(1), tag(many+data)), "none"},
		"holders":                     {foreign(t, and(ofd.CustomData{Name: "CZZT", Value: "甲"}, ofd.CustomData{Name: "CZZT"}, ofd.CustomData{Name: "CZZT", Value: "甲"})), "license_id=" + id + " holder_name=甲,甲"},
		"holders in a tag":            {foreign(t, base, tag(holder)), "license_id=" + id + " holder_name=丙"},
		"holders, here and there":     {foreign(t, and(ofd.CustomData{Name: "CZZT", Value: "甲"}), tag(holder)), "license_id=" + id + " holder_name=甲"},
		"a field":                     {foreign(t, and(ofd.CustomData{Name: "KZ_ZL", Value: "某处"}, ofd.CustomData{Name: "KZ_ZL"}, ofd.CustomData{Name: "x", Value: "y"})), "license_id=" + id + " location=某处"},
		"a tag that is broken":        {foreign(t, base, ofd.BuildTag{TypeID: "x", Content: []byte("<a")}), "license_id=" + id},
		"a tag without a name":        {foreign(t, base, tag(`<ofd:CustomData>y</ofd:CustomData>`)), "license_id=" + id},
		"another element of a tag":    {foreign(t, nil, tag(`<ofd:Custom Name="ZZBS">`+id+`</ofd:Custom>`)), "none"},
		"a tag":                       {renamed("/Doc_0/Tags/a.xml", tag(data)), "license_id=" + id},
		"a tag in capitals":           {renamed("/Doc_0/Tags/A.XML", tag(data)), "license_id=" + id},
		"a tag that is no XML":        {renamed("/Doc_0/Tags/a.bin", tag(data)), "none"},
		"a file of XMI":               {renamed("/Doc_0/a.xmi", tag(data)), "license_id=" + id},
		"an XML file elsewhere":       {renamed("/Doc_0/a.xml", tag(data)), "none"},
		"a tag that nothing names":    {edited(t, foreign(t, nil), func(_ string, content []byte) []byte { return content }, ofd.File{Path: "/Doc_0/Tags/a.xml", Content: tag(data).Content}), "none"},
		"a file of XMI, unnamed":      {edited(t, foreign(t, nil), func(_ string, content []byte) []byte { return content }, ofd.File{Path: "/Doc_0/a.xmi", Content: tag(data).Content}), "none"},
	} {
		got := "none"
		l, err := licensefile.Read(open(t, c.file))
		switch {
		case err == nil:
			got = ""
			for _, key := range []string{catalog.KeyLicenseID, catalog.KeyHolderName, "location"} {
				if values, ok := l.Values[key]; ok {
					got = strings.TrimSpace(got + " " + key + "=" + strings.Join(values, ","))
				}
			}
		case !errors.Is(err, licensefile.ErrNoLicense):
			got = err.Error()
		}
		if got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}

// TestMachineFilesWithout each of what they must have, and none of what must not differ.
func TestMachineFilesWithout(t *testing.T) {
	plain, values := unsealed(t)
	const machine = "attach_0.json"
	id := values.First(catalog.KeyLicenseID)
	for name, change := range map[string]func(string, []byte) []byte{
		"a format":         in(t, machine, `"format": "`+licensefile.MachineForm, `"format": "`),
		"an identifier":    in(t, machine, `"license_id": "`+id, `"license_id": "`),
		"a type":           in(t, machine, `"license_type_code": "`+licensetest.BusinessLicense, `"license_type_code": "`),
		"a list":           in(t, machine, `"list": "`+licensetest.BaseURL+"/status/1", `"list": "`),
		"whoever signs it": in(t, machine, `"signer": "证照服务 status_list"`, `"signer": ""`),
	} {
		if _, err := licensefile.Read(open(t, edited(t, plain, change))); !errors.Is(err, licensefile.ErrMachine) || !strings.HasSuffix(err.Error(), "members are missing") {
			t.Errorf("%s: %v", name, err)
		}
	}
	content := func(total int) func(string, []byte) []byte {
		return func(path string, content []byte) []byte {
			if strings.HasSuffix(path, machine) {
				return append(content, blanks(total-len(content))...)
			}
			return content
		}
	}
	for total, want := range map[int]error{1 << 20: nil, 1<<20 + 1: licensefile.ErrMachine} {
		if _, err := licensefile.Read(open(t, edited(t, plain, content(total)))); !errors.Is(err, want) || (err == nil) != (want == nil) {
			t.Errorf("%d octets: %v", total, err)
		}
	}
}

// TestIdentifierOfALicense is compared in each of its parts, and nothing is compared of files of others.
func TestIdentifierOfALicense(t *testing.T) {
	plain, values := unsealed(t)
	id, err := catalog.ParseID(values.First(catalog.KeyLicenseID))
	if err != nil {
		t.Fatal(err)
	}
	made := func(typeCode, issuer string, version int) string {
		other, err := catalog.MakeID(typeCode, issuer, id.Serial, version)
		if err != nil {
			t.Fatal(err)
		}
		return other.String()
	}
	wrong := id
	wrong.Check = map[bool]string{true: "2", false: "1"}[id.Check == "1"]
	for name, other := range map[string]string{
		"as it is": id.String(), "another type": made(licensetest.RealEstateTitle, id.IssuerCode, 1), "another issuer": made(id.TypeCode, "11990000MB7QX0023P", 1), "another version": made(id.TypeCode, id.IssuerCode, 2),
		"another check": wrong.String(),
	} {
		register := values.Clone()
		register.Set(catalog.KeyLicenseID, other)
		file := edited(t, plain, func(path string, content []byte) []byte {
			if strings.HasSuffix(path, ".json") || strings.HasSuffix(path, ".xml") {
				return bytes.ReplaceAll(content, []byte(id.String()), []byte(other))
			}
			return content
		})
		err := licensefile.CheckConsistency(open(t, file), register)
		if different := err != nil && strings.HasSuffix(err.Error(), ": identifier:license_id"); different != (name != "as it is") || !different && err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	foreigner := foreign(t, []ofd.CustomData{{Name: "ZZBS", Value: id.String()}, {Name: "ZZLXDM", Value: id.TypeCode}})
	builtOutside := read(t, licensetest.Outside(t))
	for name, file := range map[string][]byte{
		"of another maker": foreigner, "of a type of nobody": drawn(t, builtOutside, licensefile.StatusEntry{List: "a", Signer: "b"}), "no licence": foreign(t, nil),
	} {
		if err := licensefile.CheckConsistency(open(t, file), values); !errors.Is(err, licensefile.ErrNoLicense) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestTextsThatAFaceWritesItself: each as often as the face has it, and those of annex pages as often as they are found.
func TestTextsThatAFaceWritesItself(t *testing.T) {
	for _, of := range catalog.Types() {
		own := licensefile.FixedTexts(of, of.Sample, nil)
		if len(own) == 0 {
			t.Errorf("%s: no text of its own", of.Code)
			continue
		}
		annex := []string{strings.ReplaceAll(of.Face.Annex.Title, " ", "")}
		for _, item := range of.Bound() {
			if item.Overflow == catalog.OverflowAnnex {
				annex = append(annex, strings.ReplaceAll(of.Label(item.Bind, "zh-CN"), " ", ""))
			}
		}
		if annex[0] == "" || slices.ContainsFunc(annex, func(text string) bool { return slices.Contains(own, text) }) {
			continue
		}
		if got := licensefile.FixedTexts(of, of.Sample, append(slices.Clone(own), own[0], "another")); !slices.Equal(got, own) {
			t.Errorf("%s: %v", of.Code, got)
		}
		all := slices.Concat(own, annex, annex)
		slices.Sort(all)
		if got := licensefile.FixedTexts(of, of.Sample, all); !slices.Equal(got, all) {
			t.Errorf("%s: %v, want %v", of.Code, got, all)
		}
	}
	of, _ := catalog.Find(licensetest.BusinessLicense)
	for _, e := range catalog.Default().Elements() {
		for _, data := range licensefile.CustomDatas(of, catalog.Values{e.Key: {"x"}}) {
			if data.Name == "" {
				t.Errorf("%s is written without a name", e.Key)
			}
		}
	}
}
