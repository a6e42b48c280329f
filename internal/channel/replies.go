package channel

import (
	"slices"
	"strings"

	"golang.org/x/text/width"
)

// AnswerSettings describe how a provider tells what people answered, as members of what it tells in the calls of ReceiptSettings.
type AnswerSettings struct {
	ID        string `yaml:"id"`        // dotted path of the provider's own number of the answer; each counts once. Answers are taken where it is set
	Text      string `yaml:"text"`      // dotted path of the key that was pressed, or of the text that was sent
	Reference string `yaml:"reference"` // of a call: dotted path of its number, as in success.reference
	From      string `yaml:"from"`      // of an SMS: dotted path of the number that sent it
	// Yes, No and Stop are what somebody pressed or wrote; 1 and 2, or Y, N and T, when empty. Width and case do not matter.
	Yes  []string `yaml:"yes"`
	No   []string `yaml:"no"`
	Stop []string `yaml:"stop"`
}

// Words of replies. Whatever is none of them is empty.
const (
	ReplyYes  = "yes"
	ReplyNo   = "no"
	ReplyStop = "stop"
)

// Reply is what a provider says that somebody answered.
type Reply struct {
	Provider  string
	ID        string // the provider's own number of it
	Kind      string // Voice, or Mobile for an SMS
	Reference string // of a call: the provider's number of the message
	From      string // of an SMS
	Word      string
}

// Configured reports whether answers are taken.
func (s AnswerSettings) Configured() bool { return s.ID != "" }

func (s *AnswerSettings) setDefaults(voice bool) {
	fill := func(words *[]string, word string) {
		if len(*words) == 0 && word != "" {
			*words = []string{word}
		}
	}
	if voice {
		fill(&s.Yes, "1")
		fill(&s.No, "2")
		return
	}
	fill(&s.Yes, "Y")
	fill(&s.No, "N")
	fill(&s.Stop, "T")
}

func (s AnswerSettings) check(at string, voice bool) []string {
	if !s.Configured() {
		if s.Text+s.Reference+s.From != "" {
			return []string{at + ".id: an answer needs a number of its own, by which it counts once"}
		}
		return nil
	}
	s.setDefaults(voice)
	var faults []string
	add := func(text string) { faults = append(faults, at+text) }
	if s.Text == "" {
		add(".text: is missing")
	}
	if voice && (s.Reference == "" || s.From != "") {
		add(".reference: an answer in a call is known by the number of the call, and by nothing else")
	}
	if !voice && (s.From == "" || s.Reference != "") {
		add(".from: an answer by SMS is known by the number that sent it")
	}
	seen := map[string]bool{}
	for _, word := range slices.Concat(s.Yes, s.No, s.Stop) {
		if word = plainWord(word); word == "" || seen[word] {
			add(".yes: words of yes, no and stop may not be empty or stand twice")
		}
		seen[word] = true
	}
	return faults
}

// reply reads an answer; ok is false for what is none.
func (r *Receipts) reply(one any) (reply Reply, ok bool) {
	s := r.settings.Answers
	if !s.Configured() {
		return reply, false
	}
	id, known := member(one, s.ID)
	text, said := member(one, s.Text)
	reply = Reply{Provider: r.provider, ID: referenceOf(id), Kind: r.kind, Word: s.word(text)}
	about, found := member(one, s.From)
	if reply.From = about; r.kind == Voice {
		about, found = member(one, s.Reference)
		reply.From, reply.Reference = "", referenceOf(about)
	}
	return reply, known && said && found && reply.ID != "" && about != ""
}

// word is which of the words a text is. It has to be all of it: a sentence that begins with one says anything.
func (s AnswerSettings) word(text string) string {
	text = plainWord(text)
	for word, texts := range map[string][]string{ReplyYes: s.Yes, ReplyNo: s.No, ReplyStop: s.Stop} {
		if slices.ContainsFunc(texts, func(one string) bool { return plainWord(one) == text }) {
			return word
		}
	}
	return ""
}

// WordOf is which of the usual words a text is, as an answer to a message of a kind.
func WordOf(kind, text string) string {
	var s AnswerSettings
	s.setDefaults(kind == Voice)
	return s.word(text)
}

// plainWord is a word as it is compared: telephones write full width, small letters, and a full stop at the end.
func plainWord(text string) string {
	return strings.ToUpper(strings.Trim(width.Narrow.String(clean(text)), " .。｡"))
}
