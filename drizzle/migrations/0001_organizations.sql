-- The banks of the first Torium. A logo_link is the name of a file in the LOGOS bucket.
INSERT INTO "organizations" ("name", "url", "logo_link") VALUES
  ('PKO', 'https://www.ipko.pl/', 'pko.png'),
  ('Pekao', 'https://www.pekao24.pl/logowanie', 'pekao.png'),
  ('ING', 'https://login.ingbank.pl/mojeing/app/#login', 'ing.png')
ON CONFLICT ("name") DO NOTHING;
