/** One page of a list that goes on by key: `next` is the key of its last row, null where the list ends here. */
export type Page<Row, Key> = { list: Row[]; next: Key | null };

/** What a list is asked for: at most `limit` rows behind `after`. The statement fetches one row more, which tells that there is a next page. */
export type Paging<Key> = { limit: number; after: Key | null };

export function pageOf<Row, Key>(rows: Row[], limit: number, keyOf: (last: Row) => Key): Page<Row, Key> {
  const list = rows.slice(0, limit);
  return { list, next: rows.length > limit ? keyOf(list.at(-1)!) : null };
}
