package intake

import "okta-entitlements-mcp/internal/untrusted"

// shown is a text of the file inside a sentence.
func shown(text string) string { return untrusted.New(text).Show(untrusted.Name) }

// texts are texts as others see them.
func texts(raw []string) []untrusted.Text {
	all := make([]untrusted.Text, len(raw))
	for i, text := range raw {
		all[i] = untrusted.New(text)
	}
	return all
}

// storedTexts are texts as a plan keeps them.
func storedTexts(raw []string) []untrusted.Stored {
	all := make([]untrusted.Stored, len(raw))
	for i, text := range raw {
		all[i] = untrusted.NewStored(text)
	}
	return all
}
