package subject_test

import (
	"encoding/json"
	"errors"
	"os"
	"strings"
	"testing"

	"golang.org/x/text/language"

	"github.com/yinxin-gov/yinxin/idp/subject"
)

// TestCountriesAreThoseOfISO3166: both codes of each row belong together as the Unicode CLDR has them, and none of the 249 is missing.
func TestCountriesAreThoseOfISO3166(t *testing.T) {
	content, err := os.ReadFile("countries.json")
	if err != nil {
		t.Fatal(err)
	}
	var table struct {
		Countries []subject.Country
		Specials  []subject.SpecialCode
	}
	if err := json.Unmarshal(content, &table); err != nil {
		t.Fatal(err)
	}
	if len(table.Countries) != 249 {
		t.Errorf("%d countries", len(table.Countries))
	}
	for _, c := range table.Countries {
		region, err := language.ParseRegion(c.Alpha2)
		if err != nil || region.ISO3() != c.Alpha3 || subject.Alpha2(c.Alpha3) != c.Alpha2 {
			t.Errorf("%s is %s, not %s: %v", c.Alpha2, region.ISO3(), c.Alpha3, err)
		}
	}
	for _, s := range table.Specials {
		want := s.Code
		if s.Country != "" {
			want = s.Country
		}
		if got, err := subject.ParseNationality(s.Code); err != nil || got != want {
			t.Errorf("%s is %s: %v", s.Code, got, err)
		}
	}
}

// TestSpecialCodesOfTravelDocuments (ICAO Doc 9303-3 section 5).
func TestSpecialCodesOfTravelDocuments(t *testing.T) {
	for code, want := range map[string]string{"D": "DEU", "D<<": "DEU", "DEU": "DEU", "UNO": "UNO", "una": "UNA", "XXA": "XXA", "XXB": "XXB", "XXC": "XXC", "XXX": "XXX", "GBN": "GBN", "RKS": "RKS", "EUE": "EUE", "XOM": "XOM", "XPO": "XPO"} {
		if got, err := subject.ParseNationality(code); err != nil || got != want {
			t.Errorf("%s is %s: %v", code, got, err)
		}
	}
	for _, code := range []string{"UTO", "XXD", "UN", "DD", "E"} { // UTO is the country of specimens
		if got, err := subject.ParseNationality(code); err == nil {
			t.Errorf("%s is %s", code, got)
		}
	}
}

func TestTablesOfCountriesAreChecked(t *testing.T) {
	good := `{"countries": [{"alpha3": "CHN", "alpha2": "CN"}, {"alpha3": "DEU", "alpha2": "DE"}], "specials": [{"code": "D", "means": "Germany", "country": "DEU"}, {"code": "UNO", "means": "United Nations"}]}`
	if _, err := subject.ParseCountries([]byte(good)); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string][2]string{
		"no table":                  {`{"countries"`, `["countries"`},
		"an unknown member":         {`"alpha2": "CN"`, `"alpha2": "CN", "name": "China"`},
		"small letters":             {`"CHN"`, `"chn"`},
		"alpha-2 too long":          {`"CN"`, `"CNX"`},
		"alpha-2 twice":             {`"DE"`, `"CN"`},
		"out of order":              {`"CHN"`, `"ZHN"`},
		"alpha-3 twice":             {`"CHN"`, `"DEU"`},
		"a special that is country": {`"UNO"`, `"DEU"`},
		"a special of two letters":  {`"UNO"`, `"UN"`},
		"a special with no meaning": {`"United Nations"`, `""`},
		"for a country not there":   {`"country": "DEU"`, `"country": "FRA"`},
		"specials out of order":     {`"UNO"`, `"A"`},
	} {
		if _, err := subject.ParseCountries([]byte(strings.Replace(good, change[0], change[1], 1))); !errors.Is(err, subject.ErrCountries) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
