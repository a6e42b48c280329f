package ofd

import "testing"

func TestEndOfAListOfSignatures(t *testing.T) {
	for list, want := range map[string]struct {
		at     int
		prefix string
	}{
		"<a></a></Signatures>":                {7, ""},
		"<a></a></ofd:Signatures>":            {7, "ofd:"},
		"<a/></o-1_x.y:Signatures \r\n>\n\t ": {4, "o-1_x.y:"},
		"</Signatures></Signatures>":          {13, ""},
		"<a></a></Signature>":                 {-1, ""},
		"</Signatures><!-- more -->":          {-1, ""},
		"</Signatures":                        {-1, ""},
		"<Signatures>":                        {-1, ""},
		"</:Signatures>":                      {-1, ""},
		"</a b:Signatures>":                   {-1, ""},
		"</MySignatures>":                     {-1, ""},
		"</签:Signatures>":                     {-1, ""},
		"":                                    {-1, ""},
		"</Signatures>":                       {0, ""},
		"</o0.9:Signatures>":                  {0, "o0.9:"},
		"xo:Signatures>":                      {-1, ""},
		"</ofd:>":                             {-1, ""},
		"</>":                                 {-1, ""},
	} {
		if at, prefix := listEnd([]byte(list)); at != want.at || prefix != want.prefix {
			t.Errorf("%q: %d %q, want %d %q", list, at, prefix, want.at, want.prefix)
		}
	}
}

// TestReferencesAreLocations: many lists of signatures share the bound of what a package makes its reader follow.
func TestReferencesAreLocations(t *testing.T) {
	info, failure := ParseXML("x.xml", []byte("<SignedInfo><References><Reference/></References></SignedInfo>"), DefaultLimits())
	if failure != nil {
		t.Fatal(failure)
	}
	for steps, code := range map[int]string{maxSteps - 1: "", maxSteps: CodeBounds} {
		failure := (&Package{steps: steps}).readReferences(&Signature{Path: "/x.xml"}, info)
		if code == "" && failure != nil || code != "" && (failure == nil || failure.Code != code) {
			t.Errorf("%d steps: %v", steps, failure)
		}
	}
}
