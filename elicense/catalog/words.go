package catalog

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Original is the language of originals: their fixed words and their values.
const Original = "zh-CN"

// Words are the fixed words of a face in other languages than that of the original: by BCP 47 tag, then by the words of the original. They stand on
// reading copies; the sealed original has its own. Values are never translated, only dates are written as the language writes them.
type Words map[string]map[string]string

// languageForms is how a language that faces may have writes what is put together from values.
var languageForms = map[string]struct{ period, since, separator string }{
	"en": {period: "%s to %s", since: "from %s, %s", separator: ", "},
}

// maxWords bounds a fixed text in another language.
const maxWords = 400

// Languages are the languages in which the face can be read: that of the original first.
func (t *Type) Languages() []string {
	return append([]string{Original}, slices.Sorted(maps.Keys(t.Face.Words))...)
}

// Word is a fixed text of the face in one of its languages.
func (t *Type) Word(text, language string) string {
	if word, ok := t.Face.Words[language][text]; ok {
		return word
	}
	return text
}

// DisplayIn is Display in one of the languages of the face: dates as ISO 8601 has them, and periods of them.
func (t *Type) DisplayIn(item FaceItem, values Values, language string) string {
	forms, other := languageForms[language]
	if !other {
		return t.Display(item, values)
	}
	if item.Bind == "" {
		return t.Word(item.Text, language)
	}
	switch item.Form {
	case FormDate:
		return isoDate(values.First(item.Bind))
	case FormUntil:
		from, to := isoDate(values.First(KeyEffectiveDate)), isoDate(values.First(KeyExpiringDate))
		switch {
		case to == "" && from == "":
			return t.Word(t.Validity.LongTermText, language)
		case to == "":
			return fmt.Sprintf(forms.since, from, t.Word(t.Validity.LongTermText, language))
		}
		return fmt.Sprintf(forms.period, from, to)
	case FormSplit:
		if item.Join == "、" {
			item.Join = forms.separator
		}
	}
	return t.Display(item, values)
}

func isoDate(day string) string {
	if len(day) != 8 || !allDigits(day) {
		return day
	}
	return day[:4] + "-" + day[4:6] + "-" + day[6:]
}

// LabelIn names what an item shows: by the words that stand beside it on the face, or by the name of the field where there are none.
func (t *Type) LabelIn(item FaceItem, language string) string {
	for _, page := range t.Face.Pages {
		for _, label := range page.Items {
			if label.LabelOf != "" && label.LabelOf == item.ID {
				return t.Word(label.Text, language)
			}
		}
	}
	return t.Label(item.Bind, language)
}

// checkLabels makes sure that each label names one item, and each item has one label at most.
func (t *Type) checkLabels() error {
	var faults []error
	labelled := map[string]bool{}
	for n, page := range t.Face.Pages {
		for i, item := range page.Items {
			if item.LabelOf == "" {
				continue
			}
			named, ok := t.Item(item.LabelOf)
			if !ok || named.Bind == "" && named.Kind != ItemQR || labelled[item.LabelOf] {
				faults = append(faults, at(element("pages", n), at(element("items", i), fmt.Errorf("label_of %q names no value or QR code, or one that has a label", item.LabelOf))))
			}
			labelled[item.LabelOf] = true
		}
	}
	return errors.Join(faults...)
}

// checkWords makes sure that a face that can be read in another language can be read in it as a whole: a word that is missing is told at the item that
// shows it.
func (t *Type) checkWords() error {
	var faults []error
	for _, language := range slices.Sorted(maps.Keys(t.Face.Words)) {
		place, words, used := "words."+language, t.Face.Words[language], map[string]bool{}
		if _, ok := languageForms[language]; !ok {
			faults = append(faults, at("words", fmt.Errorf("no face is read in %q", language)))
			continue
		}
		need := func(at string, text string) (missing error) {
			if text == "" || used[text] {
				return nil
			}
			used[text] = true
			if word := words[text]; !plainText(word, maxWords) || strings.TrimSpace(word) == "" {
				return &placed{at, fmt.Errorf("%q has no words in %s, or words that hide or move others", text, language)}
			}
			return nil
		}
		for n, page := range t.Face.Pages {
			for i, item := range page.Items {
				if err := need(element("items", i), item.Text); err != nil {
					faults = append(faults, at(element("pages", n), err))
				}
			}
		}
		faults = append(faults, need("annex", t.Face.Annex.Title), need("annex", t.Face.Annex.Note), need(place, t.Validity.LongTermText))
		for _, text := range slices.Sorted(maps.Keys(words)) {
			if !used[text] {
				faults = append(faults, at(place, fmt.Errorf("%q does not stand on the face", text)))
			}
		}
	}
	return errors.Join(faults...)
}
