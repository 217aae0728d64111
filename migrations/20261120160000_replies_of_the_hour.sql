-- How many replies left a channel in the last hour is asked for every turn. Answered from the index alone it costs
-- little even where thousands left; the rows themselves are wide.
DROP INDEX delivery_channel_sent;
CREATE INDEX delivery_channel_sent ON delivery (channel_id, sent_at, reply_id) WHERE sent_at IS NOT NULL;
