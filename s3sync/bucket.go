package s3sync

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"net/url"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"

	"okta-entitlements-mcp/internal/trouble"
)

func inboxError(err error) error {
	return &trouble.Error{Code: trouble.S3Inbox, What: err.Error(), Next: "check that CSV_DIR and STATE_DIR can be written", Err: err}
}

// bucket is the connection to one bucket, with read calls only.
type bucket struct {
	client *s3.Client
	name   string
}

func (s *Syncer) connect(ctx context.Context) (*bucket, error) {
	o := s.opts
	load := []func(*config.LoadOptions) error{config.WithRegion(o.Region), config.WithSharedConfigProfile(o.Profile)}
	if o.HTTPClient != nil {
		load = append(load, config.WithHTTPClient(o.HTTPClient))
	}
	if o.AccessKeyID != "" {
		load = append(load, config.WithCredentialsProvider(aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: o.AccessKeyID, SecretAccessKey: o.SecretAccessKey.Reveal(),
				SessionToken: o.SessionToken.Reveal(), Source: "settings"}, nil
		})))
	}
	cfg, err := config.LoadDefaultConfig(ctx, load...)
	if err != nil {
		return nil, &trouble.Error{Code: trouble.S3Configuration, What: "read AWS configuration: " +
			err.Error(), Next: "check AWS_PROFILE and the AWS configuration files", Err: err}
	}
	if cfg.Region == "" && o.Endpoint != "" {
		cfg.Region = "us-east-1" // other stores do not care, but the signature needs one
	}
	if cfg.Region == "" {
		return nil, &trouble.Error{Code: trouble.S3NoRegion, What: "the bucket's region is not known", Next: "set AWS_REGION"}
	}
	if cfg.Credentials == nil {
		return nil, noCredentials(errors.New("no provider"))
	}
	if _, err := cfg.Credentials.Retrieve(ctx); err != nil {
		return nil, noCredentials(err)
	}
	client := s3.NewFromConfig(cfg, func(opts *s3.Options) {
		opts.DisableLogOutputChecksumValidationSkipped = true // stores without checksums would fill stderr
		if o.Endpoint != "" {
			opts.BaseEndpoint, opts.UsePathStyle = aws.String(o.Endpoint), true
		}
	})
	return &bucket{client: client, name: o.Bucket}, nil
}

func noCredentials(err error) error {
	return &trouble.Error{Code: trouble.S3NoCredentials, What: "no AWS credentials were found", Err: err,
		Next: "set AWS_PROFILE (and run aws sso login), or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"}
}

// objects yields what ListObjectsV2 has under a prefix, all pages. Keys travel URL-encoded: XML cannot carry control
// characters, which keys may hold.
func (b *bucket) objects(ctx context.Context, prefix string) iter.Seq2[Object, error] {
	return func(yield func(Object, error) bool) {
		pages := s3.NewListObjectsV2Paginator(b.client, &s3.ListObjectsV2Input{Bucket: &b.name, Prefix: &prefix, EncodingType: "url"},
			func(o *s3.ListObjectsV2PaginatorOptions) { o.StopOnDuplicateToken = true })
		for pages.HasMorePages() {
			page, err := pages.NextPage(ctx)
			if err != nil {
				yield(Object{}, b.explain("list the bucket", err))
				return
			}
			for _, c := range page.Contents {
				key := aws.ToString(c.Key)
				if page.EncodingType == "url" {
					if plain, err := url.QueryUnescape(key); err == nil {
						key = plain
					}
				}
				o := Object{Key: key, Size: aws.ToInt64(c.Size), Modified: aws.ToTime(c.LastModified), ETag: aws.ToString(c.ETag)}
				if !yield(o, nil) {
					return
				}
			}
		}
	}
}

// get writes an object's bytes to w. The reason is a word, empty when all went well: what comes must be the object
// that was listed, whole.
func (b *bucket) get(ctx context.Context, o Object, w io.Writer) (reason string, err error) {
	out, err := b.client.GetObject(ctx, &s3.GetObjectInput{Bucket: &b.name, Key: &o.Key})
	if err != nil {
		return b.reason(err), err
	}
	defer out.Body.Close()
	if etag := aws.ToString(out.ETag); etag != "" && o.ETag != "" && etag != o.ETag {
		return "changed_meanwhile", fmt.Errorf("get %q: the object changed since it was listed", o.Key)
	}
	n, err := io.Copy(w, io.LimitReader(out.Body, o.Size+1))
	var disk *writeError
	switch {
	case errors.As(err, &disk):
		return "disk", err
	case ctx.Err() != nil:
		return "cancelled", ctx.Err()
	case errors.Is(err, io.ErrUnexpectedEOF) || err == nil && n < o.Size:
		return "truncated", fmt.Errorf("get %q: %d of %d bytes came", o.Key, n, o.Size)
	case err != nil:
		return "network", err
	case n > o.Size:
		return "changed_meanwhile", fmt.Errorf("get %q: more than %d bytes came", o.Key, o.Size)
	}
	return "", nil
}

// reason is the word for an error with one object.
func (b *bucket) reason(err error) string {
	var e *trouble.Error
	switch {
	case errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded):
		return "cancelled"
	case codeOf(err) == "NoSuchKey":
		return "gone"
	case errors.As(b.explain("get", err), &e):
		return strings.TrimPrefix(string(e.Code), "s3_")
	}
	return "network"
}

// explain turns the store's answer into an Error with the next step.
func (b *bucket) explain(doing string, err error) error {
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("sync S3 files: %s: %w", doing, err)
	}
	e := &trouble.Error{Err: err}
	switch code := codeOf(err); code {
	case "NoSuchBucket", "NotFound":
		e.Code, e.Next = trouble.S3NoSuchBucket, "check S3_BUCKET_NAME and AWS_REGION"
	case "AccessDenied", "Forbidden", "AllAccessDisabled":
		e.Code, e.Next = trouble.S3AccessDenied, "give the credential s3:ListBucket and s3:GetObject on "+b.name
	case "InvalidAccessKeyId", "SignatureDoesNotMatch", "ExpiredToken", "InvalidToken", "ExpiredTokenException":
		e.Code, e.Next = trouble.S3BadCredentials, "renew the AWS credential ("+code+")"
	case "PermanentRedirect", "AuthorizationHeaderMalformed", "MovedPermanently", "TemporaryRedirect":
		e.Code, e.Next = trouble.S3WrongRegion, "set AWS_REGION to the bucket's region"
	case "RequestTimeTooSkewed":
		e.Code, e.Next = trouble.S3Clock, "put this machine's clock right"
	default:
		e.Code, e.Next = trouble.S3Unavailable, "check the network and S3_ENDPOINT_URL, then try again"
	}
	e.What = fmt.Sprintf("%s %s: %s", doing, b.name, answer(err))
	return e
}

// answer is what the store said, without the request that the SDK's error text carries along.
func answer(err error) string {
	var api smithy.APIError
	if errors.As(err, &api) {
		return api.ErrorCode() + " " + api.ErrorMessage()
	}
	var wire *url.Error
	if errors.As(err, &wire) {
		return wire.Err.Error()
	}
	return "no usable answer"
}

// codeOf returns the store's error code, guessed from the status where the answer has no body.
func codeOf(err error) string {
	var api smithy.APIError
	if errors.As(err, &api) && api.ErrorCode() != "" && api.ErrorCode() != "UnknownError" {
		return api.ErrorCode()
	}
	var status interface{ HTTPStatusCode() int }
	if errors.As(err, &status) {
		switch status.HTTPStatusCode() {
		case http.StatusForbidden, http.StatusUnauthorized:
			return "AccessDenied"
		case http.StatusNotFound:
			return "NotFound"
		case http.StatusMovedPermanently:
			return "PermanentRedirect"
		}
	}
	return ""
}
