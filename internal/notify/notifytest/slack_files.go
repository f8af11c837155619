package notifytest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"strconv"

	"okta-entitlements-mcp/internal/simwire"
)

func (s *Slack) uploadURL(in url.Values) (map[string]any, string) {
	length, err := strconv.Atoi(in.Get("length"))
	if err != nil || length <= 0 || in.Get("filename") == "" || len(in.Get("alt_txt")) > 4000 {
		return nil, "invalid_arguments"
	}
	s.next++
	id := fmt.Sprintf("F%09d", s.next)
	s.files[id] = &File{ID: id, Name: in.Get("filename"), Alt: in.Get("alt_txt"), length: length}
	return map[string]any{"upload_url": s.o.BaseURL + "/upload/v1/" + id, "file_id": id}, ""
}

// receive takes the bytes of an upload.
func (s *Slack) receive(x *simwire.Exchange, id string) {
	w := x.Reply
	f := s.files[id]
	_, params, err := mime.ParseMediaType(x.Request.Header.Get("Content-Type"))
	if f == nil || err != nil || params["boundary"] == "" {
		http.Error(w, "bad upload", http.StatusBadRequest)
		return
	}
	part, err := multipart.NewReader(bytes.NewReader(x.Body), params["boundary"]).NextPart()
	if err != nil {
		http.Error(w, "bad upload", http.StatusBadRequest)
		return
	}
	content, err := io.ReadAll(part)
	if err != nil || len(content) != f.length {
		http.Error(w, "length differs", http.StatusBadRequest)
		return
	}
	f.Content = content
	_, _ = fmt.Fprintf(w, "OK - %d", len(content))
}

func (s *Slack) completeUpload(in url.Values) (map[string]any, string) {
	var files []struct{ ID, Title string }
	if json.Unmarshal([]byte(in.Get("files")), &files) != nil || len(files) == 0 {
		return nil, "invalid_arguments"
	}
	var shared []File
	var shown []any
	for _, one := range files {
		f := s.files[one.ID]
		if f == nil || f.Content == nil || f.complete {
			return nil, "file_not_found"
		}
		f.Title, f.complete = one.Title, true
		shared, shown = append(shared, *f), append(shown, map[string]any{"id": f.ID, "title": f.Title})
	}
	if name := in.Get("channel_id"); name != "" {
		c := s.channel(name)
		if c == nil || c.ID != name {
			return nil, "channel_not_found" // only ids are taken here
		}
		if c.Outside {
			return nil, "not_in_channel"
		}
		s.post(Posted{Channel: c.ID, Thread: in.Get("thread_ts"), Files: shared})
	}
	return map[string]any{"files": shown}, ""
}
