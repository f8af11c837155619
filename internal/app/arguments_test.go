package app

import (
	"bytes"
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/mark3labs/mcp-go/mcp"

	"okta-entitlements-mcp/internal/oktasim"
)

func TestOptionalArgumentsMayBeNullAndWholeNumbersMayHaveAPoint(t *testing.T) {
	d := newDesk(t, nil, oktasim.Options{})
	d.put("sample_small_baseline.csv", []byte(good))
	text, err := os.ReadFile("testdata/given-77-k13-null-optional.json")
	fails(t, err)
	lines := append(bytes.Split(bytes.TrimSpace(text), []byte("\n")),
		[]byte(`{"params":{"name":"read_csv_file","arguments":{"filename":"report.csv","limit":10.0}}}`),
		[]byte(`{"params":{"name":"about","arguments":null}}`), []byte(`{"params":{"name":"about"}}`))
	for _, line := range lines {
		var call struct {
			Params struct {
				Name      string
				Arguments map[string]any
			}
		}
		fails(t, json.Unmarshal(line, &call))
		if answer, failed := d.ask(call.Params.Name, call.Params.Arguments); failed {
			t.Errorf("%s: %s", line, answer)
		}
	}
}

func TestEveryToolWithArgumentsRefusesUnknownOnes(t *testing.T) {
	d := newDesk(t, nil, oktasim.Options{})
	all, err := d.client.ListTools(t.Context(), mcp.ListToolsRequest{})
	fails(t, err)
	refused := 0
	for _, tool := range all.Tools {
		var schema struct{ Properties map[string]any }
		raw, err := json.Marshal(tool.InputSchema)
		fails(t, err)
		if len(tool.RawInputSchema) > 0 {
			raw = tool.RawInputSchema
		}
		fails(t, json.Unmarshal(raw, &schema))
		if len(schema.Properties) == 0 {
			continue
		}
		refused++
		if answer, failed := d.ask(tool.Name, map[string]any{"nonsense_argument": 1}); !failed ||
			!strings.Contains(answer, "nonsense_argument") && !strings.Contains(answer, "missing_argument") {
			t.Errorf("%s: %.300s", tool.Name, answer)
		}
	}
	if refused < 10 {
		t.Errorf("only %d tools have arguments", refused)
	}
}
