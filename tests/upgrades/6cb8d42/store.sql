BEGIN TRANSACTION;
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0006');
CREATE TABLE "articles" (
	id VARCHAR(200) NOT NULL, 
	title TEXT NOT NULL, 
	body TEXT NOT NULL, 
	body_format VARCHAR(10) NOT NULL, 
	published_at VARCHAR(40), 
	url TEXT, 
	source VARCHAR(40) NOT NULL, 
	tags JSON, 
	rejected JSON NOT NULL, 
	tags_complete BOOLEAN NOT NULL, 
	digest VARCHAR(64) NOT NULL, 
	created_at VARCHAR(40) NOT NULL, 
	updated_at VARCHAR(40) NOT NULL, 
	state VARCHAR(10) DEFAULT 'new' NOT NULL, 
	blind BOOLEAN DEFAULT 0 NOT NULL, 
	n_editors INTEGER DEFAULT '1' NOT NULL, 
	margin FLOAT, 
	lot FLOAT DEFAULT '0.5' NOT NULL, sent_at VARCHAR(40), 
	CONSTRAINT pk_articles PRIMARY KEY (id)
);
INSERT INTO "articles" VALUES('a-000','Al Shabaab: blast in Mogadishu, market 0','Al Shabaab claimed the blast at the barracks. Gunmen stormed the barracks and fled before Monday.','text','2025-01-01',NULL,'starter','["al-shabaab", "somalia", "attack"]','[]',1,'1bff4499be279f757de39c9b9a8eeb4758b3aa354edfb8b196c2bab26bea8426','2026-11-30T10:37:28.243332+00:00','2026-11-30T10:37:28.243332+00:00','closed',0,1,NULL,8.91146436137944419897e-01,NULL);
INSERT INTO "articles" VALUES('a-001','Al Shabaab: verdict in Mogadishu, market 1','The judge heard seven witnesses in the ministry. Prosecutors said the accused had paid Al Shabaab.','text','2025-02-02',NULL,'starter','["al-shabaab", "somalia", "trial"]','[]',1,'e5dafe3bebb03ec806fe6972d79e469a9e1faca89fad1f5537cf2ae7318f1fcd','2026-11-30T10:37:28.244528+00:00','2026-11-30T10:37:28.244528+00:00','closed',0,1,NULL,2.45122794807311805698e-01,NULL);
INSERT INTO "articles" VALUES('a-002','The Taliban: verdict in Kabul, barracks 2','A court sentenced ten men to prison on Tuesday. Prosecutors said the accused had paid The Taliban.','text','2025-03-03',NULL,'starter','["taliban", "afghanistan", "trial"]','[]',1,'8c919b4b5746b0ff6fbf9b5fef2be94cf498a5922552c50e954a39ef7afe0270','2026-11-30T10:37:28.244797+00:00','2026-11-30T10:37:28.244797+00:00','closed',0,1,NULL,4.68453769611077319723e-01,NULL);
INSERT INTO "articles" VALUES('a-003','ISKP: blast in Kabul, barracks 3','Doctors treated seven wounded after the explosion. Gunmen stormed the bridge and fled before Sunday.','text','2025-04-04',NULL,'starter','["iskp", "afghanistan", "attack"]','[]',1,'dfd6e00297b04b1ee4e2796a222eebb5acac23af83fb9997774c9e1d95005b4d','2026-11-30T10:37:28.244987+00:00','2026-11-30T10:37:28.244987+00:00','closed',0,1,NULL,8.04241677304695201655e-01,NULL);
INSERT INTO "articles" VALUES('a-004','The Taliban: blast in Kabul, airport 4','Gunmen stormed the mosque and fled before Monday. The Taliban claimed the blast at the mosque.','text','2025-05-05',NULL,'starter','["taliban", "afghanistan", "attack"]','[]',1,'341a2b59b09d55d8968c41c1e716c00ae0d63ecd4c6114fc9769ea2919bb0c12','2026-11-30T10:37:28.245202+00:00','2026-11-30T10:37:28.245202+00:00','closed',0,1,NULL,1.76301602654504563361e-01,NULL);
INSERT INTO "articles" VALUES('a-005','The Taliban: blast in Kabul, bridge 5','Gunmen stormed the airport and fled before Friday. The Taliban claimed the blast at the airport.','text','2025-06-06',NULL,'starter','["taliban", "afghanistan", "attack"]','[]',1,'841af66ad517e7f9fd4aad4e46cc49af0e07cc22299cc3bc4fb8de41e1f80073','2026-11-30T10:37:28.245367+00:00','2026-11-30T10:37:28.245367+00:00','closed',0,1,NULL,8.14360589295894499173e-01,NULL);
INSERT INTO "articles" VALUES('a-006','Al Shabaab: blast in Mogadishu, barracks 6','Gunmen stormed the airport and fled before Monday. Doctors treated three wounded after the explosion.','text','2025-07-07',NULL,'starter','["al-shabaab", "somalia", "attack"]','[]',1,'6270ef52097a8fab75c73c1d54af48ce4c9bf04f2ab15a073505bf9bc8b4b58d','2026-11-30T10:37:28.245524+00:00','2026-11-30T10:37:28.245524+00:00','closed',0,1,NULL,2.51844042588572847307e-01,NULL);
INSERT INTO "articles" VALUES('a-007','The Taliban: verdict in Kabul, airport 7','A court sentenced nine men to prison on Tuesday. Lawyers of the accused will appeal before Tuesday.','text','2025-08-08',NULL,'starter','["taliban", "afghanistan", "trial"]','[]',1,'e0a95dbdcbeb27ffa9ce862dcdf58d1d6ba7a37477d49718976eca7328da3031','2026-11-30T10:37:28.245793+00:00','2026-11-30T10:37:28.245793+00:00','closed',0,1,NULL,4.7081370336273664634e-01,NULL);
INSERT INTO "articles" VALUES('a-008','The Taliban: blast in Kabul, bridge 8','Doctors treated seven wounded after the explosion. The Taliban claimed the blast at the barracks.','text','2025-09-09',NULL,'import','["taliban", "afghanistan", "attack"]','[]',1,'2c1a86df91cc218fdb137b70b3c765e854362fcfd4b8bb95ea74c7bf9f8ec06c','2026-11-30T10:37:28.836890+00:00','2026-11-30T10:37:28.836890+00:00','closed',0,1,NULL,8.62198004766014491906e-01,NULL);
INSERT INTO "articles" VALUES('a-009','The Taliban: verdict in Kabul, bridge 9','A court sentenced two men to prison on Thursday. Prosecutors said the accused had paid The Taliban.','text','2025-10-10',NULL,'import','["taliban", "afghanistan", "trial"]','[]',1,'d78f34dbc996a926f2f76bf5e21f196a1e6b156702ffa25cbd1f779b92afab34','2026-11-30T10:37:28.838354+00:00','2026-11-30T10:37:28.838354+00:00','closed',0,1,NULL,3.35460850948141597882e-01,NULL);
INSERT INTO "articles" VALUES('a-010','The Taliban: blast in Kabul, bridge 10','A bomb killed twelve people near the school on Thursday. Gunmen stormed the school and fled before Thursday.','text','2025-11-11',NULL,'import','["taliban", "afghanistan", "attack"]','[]',1,'f641604ae2d2e6f2f4dc54e5fbe916161b3c58178feb42704182d4261d2fd013','2026-11-30T10:37:28.838645+00:00','2026-11-30T10:37:28.838645+00:00','closed',0,1,NULL,1.34172597081697375642e-01,NULL);
INSERT INTO "articles" VALUES('a-011','ISKP: verdict in Kabul, airport 11','The judge heard six witnesses in the bridge. Prosecutors said the accused had paid ISKP.','text','2025-12-12',NULL,'import','["iskp", "afghanistan", "trial"]','[]',1,'beee04fc75575cc7c0cdca5b0ed2ee293d4b1c3acda8186112bad12787fcae61','2026-11-30T10:37:28.839157+00:00','2026-11-30T10:37:28.839157+00:00','closed',0,1,NULL,4.75314403934323337352e-01,NULL);
INSERT INTO "articles" VALUES('a-012','ISKP: blast in Kabul, mosque 12','Gunmen stormed the market and fled before Friday. Doctors treated two wounded after the explosion.','text','2025-01-13',NULL,'import','["iskp", "afghanistan", "attack"]','[]',1,'ecfed52c77dac2daa8c612e87adb8734a3a5b0f867182f86978050ae9965fddd','2026-11-30T10:37:28.839376+00:00','2026-11-30T10:37:28.839376+00:00','closed',0,1,NULL,6.54350577801537269806e-01,NULL);
INSERT INTO "articles" VALUES('a-013','ISKP: blast in Kabul, barracks 13','Doctors treated six wounded after the explosion. ISKP claimed the blast at the school.','text','2025-02-14',NULL,'import','["iskp", "afghanistan", "attack"]','[]',1,'b109920cb1cac04ef1ac51619b5f96ccb82f26526364699fcfe4769770223eda','2026-11-30T10:37:28.839539+00:00','2026-11-30T10:37:28.839539+00:00','closed',0,1,NULL,2.80786108567934178381e-01,NULL);
INSERT INTO "articles" VALUES('a-014','Al Shabaab: verdict in Mogadishu, school 14','Lawyers of the accused will appeal before Saturday. A court sentenced six men to prison on Saturday.','text','2025-03-15',NULL,'import','["al-shabaab", "somalia", "trial"]','[]',1,'d6b5520fbd7c94acbbd2fcee8322a5c458da67577a3ff71f29ea2aa25b87e5cf','2026-11-30T10:37:28.839689+00:00','2026-11-30T10:37:28.839689+00:00','closed',0,1,NULL,5.68246939326684241677e-01,NULL);
INSERT INTO "articles" VALUES('a-015','Al Shabaab: verdict in Mogadishu, school 15','The judge heard nine witnesses in the barracks. Prosecutors said the accused had paid Al Shabaab.','text','2025-04-16',NULL,'import','["al-shabaab", "somalia", "trial"]','[]',1,'fdd8a805c9c8efc817ad228a6d649f9eafe09c02ff65986a0fddde8d1def74b9','2026-11-30T10:37:28.839835+00:00','2026-11-30T10:37:28.839835+00:00','closed',0,1,NULL,1.89968321630896497254e-01,NULL);
INSERT INTO "articles" VALUES('a-016','Al Shabaab: blast in Mogadishu, barracks 16','Gunmen stormed the bridge and fled before Saturday. Doctors treated twelve wounded after the explosion.','text','2025-05-17',NULL,'import','["al-shabaab", "somalia", "attack"]','[]',1,'c3a69ac25a46c8aaf174c11307900b9224b55a1ac54c625e2c3e8c07ad37605a','2026-11-30T10:37:28.839974+00:00','2026-11-30T10:37:28.839974+00:00','closed',0,1,NULL,1.87862414423239698635e-01,NULL);
INSERT INTO "articles" VALUES('a-017','ISKP: verdict in Kabul, market 17','Lawyers of the accused will appeal before Friday. A court sentenced four men to prison on Friday.','text','2025-06-18',NULL,'import','["iskp", "afghanistan", "trial"]','[]',1,'39388db9f53a08333bf46c8ddcdd5777dcb72013120b2624d94e8f32a39c5cd9','2026-11-30T10:37:28.840109+00:00','2026-11-30T10:37:28.840109+00:00','closed',0,1,NULL,2.84592214898644613185e-01,NULL);
INSERT INTO "articles" VALUES('a-018','The Taliban: blast in Kabul, ministry 18','Gunmen stormed the mosque and fled before Saturday. The Taliban claimed the blast at the mosque.','text','2025-07-19',NULL,'import','["taliban", "afghanistan", "attack"]','[]',1,'882607b3b1fa49dea8a7508df1142978cafd3322349993d373ccee4ec71a698b','2026-11-30T10:37:28.840290+00:00','2026-11-30T10:37:28.840290+00:00','closed',0,1,NULL,9.28892681468447278803e-01,NULL);
INSERT INTO "articles" VALUES('a-019','Al Shabaab: blast in Mogadishu, market 19','Doctors treated five wounded after the explosion. Gunmen stormed the hotel and fled before Wednesday.','text','2025-08-20',NULL,'import','["al-shabaab", "somalia", "attack"]','[]',1,'c66782315f0f7791cc1f640b76da98be648adc7543ce03e87a82acf180ff1f16','2026-11-30T10:37:28.840423+00:00','2026-11-30T10:37:28.840423+00:00','closed',0,1,NULL,5.01912405762720226221e-01,NULL);
INSERT INTO "articles" VALUES('a-020','ISKP: blast in Kabul, ministry 20','Gunmen stormed the airport and fled before Monday. A bomb killed nine people near the airport on Monday.','text','2025-09-21',NULL,'import','["iskp", "afghanistan", "attack"]','[]',1,'48838dd07a30ab14b76fb7595b97f8de4e6a58ad62073bddeb4d0e04071c6570','2026-11-30T10:37:28.840548+00:00','2026-11-30T10:37:28.840548+00:00','closed',0,1,NULL,2.40897838291076027417e-01,NULL);
INSERT INTO "articles" VALUES('a-021','Al Shabaab: blast in Mogadishu, market 21','A bomb killed twelve people near the ministry on Tuesday. Gunmen stormed the ministry and fled before Tuesday.','text','2025-10-22',NULL,'import','["al-shabaab", "somalia", "attack"]','[]',1,'4148eef9ebb34b60f0550535ca8fcbe19071dfcb508a8229a1bedadb5da969c0','2026-11-30T10:37:28.840670+00:00','2026-11-30T10:37:28.840670+00:00','closed',0,1,NULL,7.62605631287520679961e-02,NULL);
INSERT INTO "articles" VALUES('a-022','The Taliban: blast in Kabul, mosque 22','A bomb killed nine people near the school on Saturday. Gunmen stormed the school and fled before Saturday.','text','2025-11-23',NULL,'import','["taliban", "afghanistan", "attack"]','[]',1,'461117f72ad9116d795aeb0798480612dc918153cacaa5d492ce65221719d436','2026-11-30T10:37:28.840788+00:00','2026-11-30T10:37:28.840788+00:00','closed',0,1,NULL,7.06462412037744513781e-01,NULL);
INSERT INTO "articles" VALUES('a-023','Al Shabaab: blast in Mogadishu, barracks 23','Doctors treated twelve wounded after the explosion. Al Shabaab claimed the blast at the mosque.','text','2025-12-24',NULL,'import','["al-shabaab", "somalia", "attack"]','[]',1,'1778567a1e2135fcc2ed800e2e21d17c0118c86747b87ff5ad950ce840f26a79','2026-11-30T10:37:28.840907+00:00','2026-11-30T10:37:28.840907+00:00','closed',0,1,NULL,7.99967521620299493179e-01,NULL);
INSERT INTO "articles" VALUES('a-024','Al Shabaab: blast in Mogadishu, school 24','Doctors treated four wounded after the explosion. Al Shabaab claimed the blast at the airport.','text','2025-01-25',NULL,'import','["al-shabaab", "somalia", "attack"]','[]',1,'c6a7d02ab5307c198e860d4f2b305b4138c072fb8a76df15e3433a90f8f1f1fe','2026-11-30T10:37:28.841028+00:00','2026-11-30T10:37:28.841028+00:00','closed',0,1,NULL,0.187152332315474,NULL);
INSERT INTO "articles" VALUES('a-025','Al Shabaab: verdict in Mogadishu, barracks 25','The judge heard nine witnesses in the mosque. Prosecutors said the accused had paid Al Shabaab.','text','2025-02-26',NULL,'import','["al-shabaab", "somalia", "trial"]','[]',1,'3ff527be6e118551d8afe3456568c3bd13821b62dce048a7f0bd20aa5b269394','2026-11-30T10:37:28.841148+00:00','2026-11-30T10:37:28.841148+00:00','closed',0,1,NULL,3.27933621477896508622e-01,NULL);
INSERT INTO "articles" VALUES('a-026','ISKP: blast in Kabul, barracks 26','Doctors treated three wounded after the explosion. ISKP claimed the blast at the barracks.','text','2025-03-27',NULL,'import','["iskp", "afghanistan", "attack"]','[]',1,'182425354807d1d2ff6cc73c33bb1779ee1b032128d9970e3d279efd2caca87f','2026-11-30T10:37:28.841264+00:00','2026-11-30T10:37:28.841264+00:00','closed',0,1,NULL,1.3343351248524015773e-01,NULL);
INSERT INTO "articles" VALUES('a-027','ISKP: verdict in Kabul, airport 27','A court sentenced two men to prison on Tuesday. The judge heard two witnesses in the mosque.','text','2025-04-28',NULL,'import','["iskp", "afghanistan", "trial"]','[]',1,'99655e087736624312215adff1959034ceea9897ee3093db6526d26803bc763a','2026-11-30T10:37:28.841434+00:00','2026-11-30T10:37:28.841434+00:00','closed',0,1,NULL,5.22970933273622762271e-01,NULL);
INSERT INTO "articles" VALUES('a-028','The Taliban: verdict in Kabul, airport 28','Lawyers of the accused will appeal before Monday. Prosecutors said the accused had paid The Taliban.','text','2025-05-01',NULL,'import','["taliban", "afghanistan", "trial"]','[]',1,'e948754ca79ff9d4d144e162e92937c9d9c80db617182fd4caa252bb1451adc2','2026-11-30T10:37:28.841590+00:00','2026-11-30T10:37:28.841590+00:00','closed',0,1,NULL,2.00670437064871975962e-01,NULL);
INSERT INTO "articles" VALUES('a-029','The Taliban: blast in Kabul, hotel 29','Doctors treated three wounded after the explosion. Gunmen stormed the bridge and fled before Friday.','text','2025-06-02',NULL,'import','["taliban", "afghanistan", "attack"]','[]',1,'2893889d589ed6ecafbe2403b22c7246d035893d36c9e733753bc2ffd5085bb7','2026-11-30T10:37:28.841741+00:00','2026-11-30T10:37:28.841741+00:00','closed',0,1,NULL,8.24883074114026726419e-01,NULL);
INSERT INTO "articles" VALUES('a-030','ISKP: blast in Kabul, market 30','ISKP claimed the blast at the mosque. Gunmen stormed the mosque and fled before Wednesday.','text','2025-07-03',NULL,'import','["iskp", "afghanistan", "attack"]','[]',1,'9156f0130fc63072a2f1544dd808a310c37d128b72220402c7c9f77f909cba9a','2026-11-30T10:37:28.841862+00:00','2026-11-30T10:37:28.841862+00:00','closed',0,1,NULL,1.06586432982851420092e-02,NULL);
INSERT INTO "articles" VALUES('a-031','Al Shabaab: blast in Mogadishu, hotel 31','Doctors treated four wounded after the explosion. A bomb killed four people near the barracks on Saturday.','text','2025-08-04',NULL,'import','["al-shabaab", "somalia", "attack"]','[]',1,'fceb9846e9a6c353a3cbbe0554284a99cc3cf92f284fc516c630d2fc230f3fe0','2026-11-30T10:37:28.841979+00:00','2026-11-30T10:37:28.841979+00:00','closed',0,1,NULL,8.82552020380472868055e-01,NULL);
INSERT INTO "articles" VALUES('wp:a-032','The Taliban: blast in Kabul, ministry 32','The Taliban claimed the blast at the hotel. Gunmen stormed the hotel and fled before Sunday.','text','2025-09-05T08:00:00+00:00',NULL,'cms','["taliban"]','[]',0,'930eaaa067510c1fca21e8c90d8303940c6c408977c53bb80943dc6e7dde6c29','2026-11-30T10:37:29.147464+00:00','2026-11-30T10:37:29.147464+00:00','closed',0,1,1.42034307879313148603e-01,4.86216492549655043831e-01,NULL);
INSERT INTO "articles" VALUES('wp:a-033','Al Shabaab: blast in Mogadishu, ministry 33','Doctors treated twelve wounded after the explosion. Gunmen stormed the bridge and fled before Tuesday.','text','2025-10-06T08:00:00+00:00',NULL,'cms','["al-shabaab"]','[]',0,'44306677f2bd958eba812602d659f20b60d015645171b1e9cafb94c66f5da798','2026-11-30T10:37:29.173862+00:00','2026-11-30T10:37:29.173862+00:00','started',0,1,3.39040867990507199802e-01,6.09219364918839545453e-01,NULL);
INSERT INTO "articles" VALUES('wp:a-034','ISKP: blast in Kabul, airport 34','Gunmen stormed the hotel and fled before Saturday. ISKP claimed the blast at the hotel.','text','2025-11-07T08:00:00+00:00',NULL,'cms','["iskp"]','[]',0,'625ef5240a0796f9a94ce4e0b8fe2e4e2272edb98d502d095756cdd5a8f2b3d2','2026-11-30T10:37:29.187387+00:00','2026-11-30T10:37:29.187387+00:00','started',0,1,1.42034307953376348621e-01,2.06186993299741772034e-01,NULL);
INSERT INTO "articles" VALUES('wp:a-035','Al Shabaab: blast in Mogadishu, hotel 35','Doctors treated four wounded after the explosion. A bomb killed four people near the hotel on Saturday.','text','2025-12-08T08:00:00+00:00',NULL,'cms','["al-shabaab"]','[]',0,'e1a04ecc0b7af105ec03775efb3d92ec4e65263af1f3aa8b00718b0eae5ed4b4','2026-11-30T10:37:29.202753+00:00','2026-11-30T10:37:29.202753+00:00','closed',0,1,0.339040868267137,6.82847613312890899806e-01,NULL);
INSERT INTO "articles" VALUES('wp:a-036','The Taliban: blast in Kabul, market 36','A bomb killed two people near the school on Sunday. Gunmen stormed the school and fled before Sunday.','text','2025-01-09T08:00:00+00:00',NULL,'cms','["taliban"]','[]',0,'966417274f0f267a66834b402fffcd00069db7b7a493768fe669d75e907bb7aa','2026-11-30T10:37:29.218719+00:00','2026-11-30T10:37:29.218719+00:00','started',0,1,1.42034300306186245244e-01,6.74043904613757405286e-01,NULL);
INSERT INTO "articles" VALUES('wp:a-037','Al Shabaab: blast in Mogadishu, airport 37','Doctors treated seven wounded after the explosion. A bomb killed seven people near the market on Monday.','text','2025-02-10T08:00:00+00:00',NULL,'cms','["al-shabaab"]','[]',0,'775b8973414eff9e0956258d39d7bdec8f6d749f71d55f7c065d9368678ac600','2026-11-30T10:37:29.234788+00:00','2026-11-30T10:37:29.234788+00:00','new',0,1,3.39040862137644949392e-01,8.38196253645119071506e-01,NULL);
INSERT INTO "articles" VALUES('wp:a-038','Al Shabaab: verdict in Mogadishu, market 38','Prosecutors said the accused had paid Al Shabaab. The judge heard three witnesses in the school.','text','2025-03-11T08:00:00+00:00',NULL,'cms','["al-shabaab"]','[]',0,'12a3ec35419109442259aa34d893ba5d83f2676a9f6659bcfce518e9df47661b','2026-11-30T10:37:29.250732+00:00','2026-11-30T10:37:29.250732+00:00','new',0,1,2.75385197935040682004e-01,3.16982205407711603584e-01,NULL);
INSERT INTO "articles" VALUES('wp:a-039','ISKP: blast in Kabul, market 39','Doctors treated three wounded after the explosion. Gunmen stormed the hotel and fled before Monday.','text','2025-04-12T08:00:00+00:00',NULL,'cms','["iskp"]','[]',0,'ae6f15b1ca96642a4578fe5d8bbed70df03e568e47c89ac34c3e70d634ba0a0c','2026-11-30T10:37:29.262726+00:00','2026-11-30T10:37:29.262726+00:00','started',0,1,1.42034285827454254125e-01,0.383109948717987,NULL);
INSERT INTO "articles" VALUES('date-year-1','The Taliban on year-1','A bomb killed four people.','text','0001-01-01T00:00:00+14:00',NULL,'import','["taliban", "attack"]','[]',1,'8a870220f78836af540166ab8e5d06164f64bd23efb1903f3d6dd22e4dbd2e3d','2026-11-30T10:37:31.255127+00:00','2026-11-30T10:37:31.255127+00:00','closed',0,1,NULL,1.41009016256745667305e-01,NULL);
INSERT INTO "articles" VALUES('date-year-9999','The Taliban on year-9999','A bomb killed four people.','text','9999-12-31T23:00:00-12:00',NULL,'import','["taliban", "attack"]','[]',1,'0abccc1071695520c58c6e589d435eea543e8ff7d3bd596e8b1f14333bfaaf4c','2026-11-30T10:37:31.256147+00:00','2026-11-30T10:37:31.256147+00:00','closed',0,1,NULL,4.14708509161609839566e-01,NULL);
INSERT INTO "articles" VALUES('date-basic','The Taliban on basic','A bomb killed four people.','text','20240606',NULL,'import','["taliban", "attack"]','[]',1,'0c10e43aebc6e4c6532f81b7e25bd8ea410646c51575bd1cba76f0e266895eb0','2026-11-30T10:37:31.256395+00:00','2026-11-30T10:37:31.256395+00:00','closed',0,1,NULL,4.07601183464883831675e-01,NULL);
INSERT INTO "articles" VALUES('date-ones','The Taliban on ones','A bomb killed four people.','text','111111111111111111111111111111',NULL,'import','["taliban", "attack"]','[]',1,'e2788b37a0bdd6e708024b6db48c28546c80da2e09527dbba82962d1dee3a17d','2026-11-30T10:37:31.256575+00:00','2026-11-30T10:37:31.256575+00:00','closed',0,1,NULL,5.68980149604875862223e-01,NULL);
INSERT INTO "articles" VALUES('date-week','The Taliban on week','A bomb killed four people.','text','2024-W23-4',NULL,'import','["taliban", "attack"]','[]',1,'109682d1921697ee6c9804b2f50fdab1839c4f8305d484ce32e7d05d5f4c8bd0','2026-11-30T10:37:31.256737+00:00','2026-11-30T10:37:31.256737+00:00','closed',0,1,NULL,4.75176173384323163872e-01,NULL);
INSERT INTO "articles" VALUES('date-blank','The Taliban on blank','A bomb killed four people.','text','2024-06-06 10:00',NULL,'import','["taliban", "attack"]','[]',1,'658f6f085eed059b58baf135cc631092d2d9567e0e2c88241a6635fc7dbcbda0','2026-11-30T10:37:31.256882+00:00','2026-11-30T10:37:31.256882+00:00','closed',0,1,NULL,4.44551939570239085242e-02,NULL);
INSERT INTO "articles" VALUES('date-zulu','The Taliban on zulu','A bomb killed four people.','text','2024-06-06T10:00:00Z',NULL,'import','["taliban", "attack"]','[]',1,'18dcb82351a0888c3067cf9c27b1a0cf3e91340b3ddca9db813b56e12d505fe8','2026-11-30T10:37:31.257037+00:00','2026-11-30T10:37:31.257037+00:00','closed',0,1,NULL,0.785001328544098,NULL);
INSERT INTO "articles" VALUES('date-zone','The Taliban on zone','A bomb killed four people.','text','2024-06-06T10:00:00+02:00',NULL,'import','["taliban", "attack"]','[]',1,'267bddf32627805ac2bda3eef91c9d225b24e95d4ae39ad81869c8c2c3f1f8fa','2026-11-30T10:37:31.257185+00:00','2026-11-30T10:37:31.257185+00:00','closed',0,1,NULL,7.59064219126251771285e-01,NULL);
INSERT INTO "articles" VALUES('date-fraction','The Taliban on fraction','A bomb killed four people.','text','2024-06-06T10:00:00.250+02:00',NULL,'import','["taliban", "attack"]','[]',1,'db4e263e95539d5160b8c840b82fb2f32abe4446fbcc0beaffb464d86a2afa56','2026-11-30T10:37:31.257396+00:00','2026-11-30T10:37:31.257396+00:00','closed',0,1,NULL,3.81223992575662862236e-01,NULL);
INSERT INTO "articles" VALUES('forged','Kabul today','<p>The Taliban held Kabul.</p>&#x000e000;99999999&#x000e001;<p>A bomb killed four people.</p>','html',NULL,NULL,'import','["taliban"]','[]',1,'17fef5c56b7770a94437fe7b758138da944800d684be25a8653d23bb2dbdd72b','2026-11-30T10:37:31.257574+00:00','2026-11-30T10:37:31.257574+00:00','closed',0,1,NULL,8.82932785178770274114e-01,NULL);
CREATE TABLE assignments (
	n INTEGER NOT NULL, 
	article_id VARCHAR(200) NOT NULL, 
	tag VARCHAR(200) NOT NULL, 
	score FLOAT NOT NULL, 
	run_id VARCHAR(32) NOT NULL, 
	at VARCHAR(40) NOT NULL, 
	undone_at VARCHAR(40), 
	CONSTRAINT pk_assignments PRIMARY KEY (n), 
	CONSTRAINT fk_assignments_article_id_articles FOREIGN KEY(article_id) REFERENCES articles (id) ON DELETE CASCADE, 
	CONSTRAINT fk_assignments_run_id_runs FOREIGN KEY(run_id) REFERENCES runs (id)
);
INSERT INTO "assignments" VALUES(1,'wp:a-033','somalia',0.998478,'55d0744f0742d269','2026-11-30T10:37:30.409438+00:00',NULL);
INSERT INTO "assignments" VALUES(2,'wp:a-036','afghanistan',1.0,'55d0744f0742d269','2026-11-30T10:37:30.409438+00:00',NULL);
INSERT INTO "assignments" VALUES(3,'wp:a-037','attack',0.999994,'55d0744f0742d269','2026-11-30T10:37:30.409438+00:00',NULL);
INSERT INTO "assignments" VALUES(4,'wp:a-037','somalia',0.999532,'55d0744f0742d269','2026-11-30T10:37:30.409438+00:00',NULL);
INSERT INTO "assignments" VALUES(5,'wp:a-038','somalia',1.0,'55d0744f0742d269','2026-11-30T10:37:30.409438+00:00',NULL);
INSERT INTO "assignments" VALUES(6,'wp:a-038','trial',0.999999,'55d0744f0742d269','2026-11-30T10:37:30.409438+00:00',NULL);
INSERT INTO "assignments" VALUES(7,'wp:a-039','attack',1.0,'55d0744f0742d269','2026-11-30T10:37:30.409438+00:00',NULL);
INSERT INTO "assignments" VALUES(8,'wp:a-039','afghanistan',1.0,'55d0744f0742d269','2026-11-30T10:37:30.409438+00:00',NULL);
CREATE TABLE closings (
	article_id VARCHAR(200) NOT NULL, 
	editor VARCHAR(200) NOT NULL, 
	CONSTRAINT pk_closings PRIMARY KEY (article_id, editor), 
	CONSTRAINT fk_closings_article_id_articles FOREIGN KEY(article_id) REFERENCES articles (id) ON DELETE CASCADE
);
INSERT INTO "closings" VALUES('wp:a-032','bo');
INSERT INTO "closings" VALUES('wp:a-035','ada');
CREATE TABLE counters (
	what VARCHAR(64) NOT NULL, 
	n INTEGER NOT NULL, 
	ends_at FLOAT NOT NULL, 
	CONSTRAINT pk_counters PRIMARY KEY (what)
);
CREATE TABLE decisions (
	n INTEGER NOT NULL, 
	id VARCHAR(32) NOT NULL, 
	article_id VARCHAR(200) NOT NULL, 
	tag VARCHAR(200), 
	action VARCHAR(10) NOT NULL, 
	reason VARCHAR(20), 
	note TEXT, 
	editor VARCHAR(200) NOT NULL, 
	at VARCHAR(40) NOT NULL, 
	suggestion_set_id VARCHAR(64), 
	model_version VARCHAR(64), 
	taxonomy_version VARCHAR(64), 
	score FLOAT, 
	band VARCHAR(10), 
	undoes VARCHAR(32), 
	digest VARCHAR(64) NOT NULL, 
	CONSTRAINT pk_decisions PRIMARY KEY (n), 
	CONSTRAINT uq_decisions_id UNIQUE (id), 
	CONSTRAINT uq_decisions_undoes UNIQUE (undoes), 
	CONSTRAINT fk_decisions_article_id_articles FOREIGN KEY(article_id) REFERENCES articles (id) ON DELETE CASCADE
);
INSERT INTO "decisions" VALUES(1,'3305d2bae3eb5ef8e5e05668e3f60890','wp:a-032','attack','accept',NULL,NULL,'ada','2026-11-30T10:37:29.281898+00:00','c2488d8b7874c45dd1a17f407a985201','20261130-103727-4aa11934','t-2110eff2be03',1.0,'suggest',NULL,'930eaaa067510c1fca21e8c90d8303940c6c408977c53bb80943dc6e7dde6c29');
INSERT INTO "decisions" VALUES(2,'757e0b4727b0361b34ff9dee18bb9c0e','wp:a-032','afghanistan','add',NULL,NULL,'bo','2026-11-30T10:37:29.287818+00:00','c2488d8b7874c45dd1a17f407a985201','20261130-103727-4aa11934','t-2110eff2be03',1.0,'suggest',NULL,'930eaaa067510c1fca21e8c90d8303940c6c408977c53bb80943dc6e7dde6c29');
INSERT INTO "decisions" VALUES(3,'4e45559c1145f111e688f9e360e4e6ab','wp:a-032',NULL,'complete',NULL,NULL,'bo','2026-11-30T10:37:29.287850+00:00','c2488d8b7874c45dd1a17f407a985201','20261130-103727-4aa11934','t-2110eff2be03',NULL,NULL,NULL,'930eaaa067510c1fca21e8c90d8303940c6c408977c53bb80943dc6e7dde6c29');
INSERT INTO "decisions" VALUES(4,'22068c86e000d1726f509f639f02e9a6','wp:a-033','attack','reject','passing_mention','once','ada','2026-11-30T10:37:29.299412+00:00','e936ecf1bdce829fc5f0541a3743e2a1','20261130-103727-4aa11934','t-2110eff2be03',1.0,'suggest',NULL,'44306677f2bd958eba812602d659f20b60d015645171b1e9cafb94c66f5da798');
INSERT INTO "decisions" VALUES(5,'b1ec9b0240ee61e1fd6f918d2d82b758','wp:a-034','afghanistan','unsure',NULL,NULL,'bo','2026-11-30T10:37:29.303099+00:00','5a91e711d25ca4c8da2f55c045ae6604','20261130-103727-4aa11934','t-2110eff2be03',1.0,'suggest',NULL,'625ef5240a0796f9a94ce4e0b8fe2e4e2272edb98d502d095756cdd5a8f2b3d2');
INSERT INTO "decisions" VALUES(6,'5b696ed285aefaae701ef016e253a5ae','wp:a-034','attack','accept',NULL,NULL,'bo','2026-11-30T10:37:29.303120+00:00','5a91e711d25ca4c8da2f55c045ae6604','20261130-103727-4aa11934','t-2110eff2be03',1.0,'suggest',NULL,'625ef5240a0796f9a94ce4e0b8fe2e4e2272edb98d502d095756cdd5a8f2b3d2');
INSERT INTO "decisions" VALUES(7,'27ae39cd60037c44ad105ffd46f12f52','wp:a-035','somalia','add',NULL,NULL,'ada','2026-11-30T10:37:29.311102+00:00','1f285b12e05aeccdc9e0eb14c1906333','20261130-103727-4aa11934','t-2110eff2be03',0.9996,'suggest',NULL,'e1a04ecc0b7af105ec03775efb3d92ec4e65263af1f3aa8b00718b0eae5ed4b4');
INSERT INTO "decisions" VALUES(8,'df3c548257e4f0cc96a3de847cbdf6eb','wp:a-035','attack','add',NULL,NULL,'ada','2026-11-30T10:37:29.311124+00:00','1f285b12e05aeccdc9e0eb14c1906333','20261130-103727-4aa11934','t-2110eff2be03',1.0,'suggest',NULL,'e1a04ecc0b7af105ec03775efb3d92ec4e65263af1f3aa8b00718b0eae5ed4b4');
INSERT INTO "decisions" VALUES(9,'ac7e8c43153923593ed9f9fa7b2ae6a5','wp:a-035',NULL,'complete',NULL,NULL,'ada','2026-11-30T10:37:29.311149+00:00','1f285b12e05aeccdc9e0eb14c1906333','20261130-103727-4aa11934','t-2110eff2be03',NULL,NULL,NULL,'e1a04ecc0b7af105ec03775efb3d92ec4e65263af1f3aa8b00718b0eae5ed4b4');
INSERT INTO "decisions" VALUES(10,'885ff75ca4174cb899a4fff508545b4a','wp:a-035','somalia','undo',NULL,NULL,'ada','2026-11-30T10:37:29.315022+00:00','1f285b12e05aeccdc9e0eb14c1906333','20261130-103727-4aa11934','t-2110eff2be03',0.9996,'suggest','27ae39cd60037c44ad105ffd46f12f52','e1a04ecc0b7af105ec03775efb3d92ec4e65263af1f3aa8b00718b0eae5ed4b4');
INSERT INTO "decisions" VALUES(11,'399448013b0cf5a88b3aa136bd438d0c','wp:a-036','attack','accept',NULL,NULL,'wordpress/cy','2026-11-30T10:37:29.323486+00:00','06cf74418665a4834546037c1cc8f74e','20261130-103727-4aa11934','t-2110eff2be03',1.0,'suggest',NULL,'966417274f0f267a66834b402fffcd00069db7b7a493768fe669d75e907bb7aa');
INSERT INTO "decisions" VALUES(12,'13abc53c80afad0bf5a37506f7d38eb7','wp:a-039','afghanistan','remove',NULL,NULL,'ada','2026-11-30T10:37:30.478209+00:00','e0258a7e0ed4d87932e1f73e0c2cda02','20261130-103727-4aa11934','t-2110eff2be03',1.0,'suggest',NULL,'ae6f15b1ca96642a4578fe5d8bbed70df03e568e47c89ac34c3e70d634ba0a0c');
CREATE TABLE impressions (
	suggestion_set_id VARCHAR(64) NOT NULL, 
	tag VARCHAR(80) NOT NULL, 
	shown_at VARCHAR(40) NOT NULL, score FLOAT, band VARCHAR(10), 
	CONSTRAINT pk_impressions PRIMARY KEY (suggestion_set_id, tag), 
	CONSTRAINT fk_impressions_suggestion_set_id_suggestion_sets FOREIGN KEY(suggestion_set_id) REFERENCES suggestion_sets (id) ON DELETE CASCADE
);
INSERT INTO "impressions" VALUES('c2488d8b7874c45dd1a17f407a985201','afghanistan','2026-11-30T10:37:29.165046+00:00',1.0,'suggest');
INSERT INTO "impressions" VALUES('c2488d8b7874c45dd1a17f407a985201','attack','2026-11-30T10:37:29.166211+00:00',1.0,'suggest');
INSERT INTO "impressions" VALUES('e936ecf1bdce829fc5f0541a3743e2a1','attack','2026-11-30T10:37:29.182591+00:00',1.0,'suggest');
INSERT INTO "impressions" VALUES('e936ecf1bdce829fc5f0541a3743e2a1','somalia','2026-11-30T10:37:29.182601+00:00',0.9985,'suggest');
INSERT INTO "impressions" VALUES('5a91e711d25ca4c8da2f55c045ae6604','afghanistan','2026-11-30T10:37:29.198452+00:00',1.0,'suggest');
INSERT INTO "impressions" VALUES('5a91e711d25ca4c8da2f55c045ae6604','attack','2026-11-30T10:37:29.198463+00:00',1.0,'suggest');
INSERT INTO "impressions" VALUES('1f285b12e05aeccdc9e0eb14c1906333','attack','2026-11-30T10:37:29.208811+00:00',1.0,'suggest');
INSERT INTO "impressions" VALUES('1f285b12e05aeccdc9e0eb14c1906333','somalia','2026-11-30T10:37:29.208822+00:00',0.9996,'suggest');
INSERT INTO "impressions" VALUES('06cf74418665a4834546037c1cc8f74e','afghanistan','2026-11-30T10:37:29.230460+00:00',1.0,'suggest');
INSERT INTO "impressions" VALUES('06cf74418665a4834546037c1cc8f74e','attack','2026-11-30T10:37:29.230470+00:00',1.0,'suggest');
INSERT INTO "impressions" VALUES('4ba2111b2b41c75a0e042c48bffba358','attack','2026-11-30T10:37:29.246440+00:00',1.0,'suggest');
INSERT INTO "impressions" VALUES('4ba2111b2b41c75a0e042c48bffba358','somalia','2026-11-30T10:37:29.246450+00:00',0.9995,'suggest');
INSERT INTO "impressions" VALUES('812cc779b751d2c2384d55c48c16dff4','somalia','2026-11-30T10:37:29.258381+00:00',1.0,'suggest');
INSERT INTO "impressions" VALUES('812cc779b751d2c2384d55c48c16dff4','trial','2026-11-30T10:37:29.258391+00:00',1.0,'suggest');
INSERT INTO "impressions" VALUES('e0258a7e0ed4d87932e1f73e0c2cda02','attack','2026-11-30T10:37:29.270395+00:00',1.0,'suggest');
INSERT INTO "impressions" VALUES('e0258a7e0ed4d87932e1f73e0c2cda02','afghanistan','2026-11-30T10:37:29.270405+00:00',1.0,'suggest');
CREATE TABLE keys (
	id VARCHAR(16) NOT NULL, 
	name VARCHAR(80) NOT NULL, 
	role VARCHAR(10) NOT NULL, 
	hash VARCHAR(64) NOT NULL, 
	created_at VARCHAR(40) NOT NULL, 
	revoked_at VARCHAR(40), expires_at VARCHAR(40), rotated_at VARCHAR(40), old_hash VARCHAR(64), old_until VARCHAR(40), last_used_at VARCHAR(40), 
	CONSTRAINT pk_keys PRIMARY KEY (id), 
	CONSTRAINT uq_keys_name UNIQUE (name)
);
INSERT INTO "keys" VALUES('7702815192c1','wordpress','cms','3fde1886765ae92a1823461ec40f34076758f022602776b30a456a3af91990ea','2026-11-30T10:37:27.797573+00:00',NULL,NULL,NULL,NULL,NULL,'2026-11-30T10:37:28.992372+00:00');
INSERT INTO "keys" VALUES('c04372fda238','ada','editor','7a821c0c82af2985dc37953c8bae2cfd51b7023039141d4543f76775e954e1b5','2026-11-30T10:37:27.799706+00:00',NULL,NULL,NULL,NULL,NULL,'2026-11-30T10:37:29.274725+00:00');
INSERT INTO "keys" VALUES('5747c1557a66','bo','editor','85be4139219ef948c21d22034195fdf80bfe34d7d962d443d0a68b53a408a10b','2026-11-30T10:37:27.800499+00:00',NULL,NULL,NULL,NULL,NULL,'2026-11-30T10:37:29.286721+00:00');
INSERT INTO "keys" VALUES('367ec347b77c','chief','admin','11ad6ba12e0a6fb60658a42b70c3e08bf9f09743e6de30b0104b29a0db43f266','2026-11-30T10:37:27.801130+00:00',NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "keys" VALUES('65f2312d511d','board','reader','78d519a2e1749f74b09db05c9f9d6085a10bf71e0e5f55fc9dc0ef5086162c7e','2026-11-30T10:37:27.801774+00:00',NULL,NULL,NULL,NULL,NULL,NULL);
CREATE TABLE proposals (
	id VARCHAR(32) NOT NULL, 
	label VARCHAR(200) NOT NULL, 
	note TEXT NOT NULL, 
	article_id VARCHAR(200), 
	editor VARCHAR(200) NOT NULL, 
	at VARCHAR(40) NOT NULL, 
	state VARCHAR(10) NOT NULL, 
	CONSTRAINT pk_proposals PRIMARY KEY (id), 
	CONSTRAINT fk_proposals_article_id_articles FOREIGN KEY(article_id) REFERENCES articles (id) ON DELETE SET NULL
);
INSERT INTO "proposals" VALUES('154eb477d4c6299a1628ea91a8637e39','Zagros front','twice this week','wp:a-037','ada','2026-11-30T10:37:29.328127+00:00','open');
INSERT INTO "proposals" VALUES('ba5dd37fa2a19293be227440b1180f54','Red column','',NULL,'bo','2026-11-30T10:37:29.330754+00:00','open');
CREATE TABLE requests (
	sender VARCHAR(200) NOT NULL, 
	"key" VARCHAR(200) NOT NULL, 
	digest VARCHAR(64) NOT NULL, 
	answer JSON, 
	started_at VARCHAR(40) NOT NULL, 
	CONSTRAINT pk_requests PRIMARY KEY (sender, "key")
);
CREATE TABLE runs (
	id VARCHAR(32) NOT NULL, 
	job VARCHAR(20) NOT NULL, 
	started_by VARCHAR(200) NOT NULL, 
	host VARCHAR(200) NOT NULL, 
	started_at VARCHAR(40) NOT NULL, 
	ended_at VARCHAR(40), 
	outcome VARCHAR(20) NOT NULL, 
	version VARCHAR(64), 
	reason TEXT NOT NULL, 
	data VARCHAR(64), 
	result JSON, 
	CONSTRAINT pk_runs PRIMARY KEY (id)
);
INSERT INTO "runs" VALUES('55d0744f0742d269','archive','root','vm','2026-11-30T10:37:30.070266+00:00','2026-11-30T10:37:30.422050+00:00','done','20261130-103727-4aa11934','8 tags added to 5 of 32 articles.',NULL,'{"plan": {"scope": {"since": null, "until": null, "source": null, "with_tags": [], "without_tags": []}, "band": "suggest"}, "model_version": "20261130-103727-4aa11934", "after": "wp:a-039", "figures": {"n_articles": 32, "n_tagged": 5, "n_added": 8, "n_changed": 0, "passed_over": {"complete": 2}, "tags": {"somalia": 3, "afghanistan": 2, "attack": 2, "trial": 1}}}');
CREATE TABLE sessions (
	id VARCHAR(64) NOT NULL, 
	key_id VARCHAR(16), 
	editor VARCHAR(200) NOT NULL, 
	csrf VARCHAR(64) NOT NULL, 
	created_at VARCHAR(40) NOT NULL, 
	seen_at VARCHAR(40) NOT NULL, ends_at VARCHAR(40) NOT NULL, 
	CONSTRAINT pk_sessions PRIMARY KEY (id), 
	CONSTRAINT fk_sessions_key_id_keys FOREIGN KEY(key_id) REFERENCES keys (id) ON DELETE CASCADE
);
CREATE TABLE suggestion_sets (
	id VARCHAR(64) NOT NULL, 
	article_id VARCHAR(200) NOT NULL, 
	digest VARCHAR(64) NOT NULL, 
	model_version VARCHAR(64) NOT NULL, 
	taxonomy_version VARCHAR(64) NOT NULL, 
	answer JSON NOT NULL, 
	created_at VARCHAR(40) NOT NULL, 
	CONSTRAINT pk_suggestion_sets PRIMARY KEY (id), 
	CONSTRAINT fk_suggestion_sets_article_id_articles FOREIGN KEY(article_id) REFERENCES articles (id) ON DELETE CASCADE
);
INSERT INTO "suggestion_sets" VALUES('c2488d8b7874c45dd1a17f407a985201','wp:a-032','930eaaa067510c1fca21e8c90d8303940c6c408977c53bb80943dc6e7dde6c29','20261130-103727-4aa11934','t-2110eff2be03','{"model_version": "20261130-103727-4aa11934", "taxonomy_version": "t-2110eff2be03", "suggestions": [{"tag": "afghanistan", "label": "Afghanistan", "kind": "place", "score": 1.0, "band": "suggest", "aboutness": "main", "source": "model+alias", "evidence": [{"field": "title", "start": 22, "end": 27, "text": "Kabul", "weight": 4.5154}], "evidence_against": []}, {"tag": "taliban", "label": "Taliban", "kind": "group", "score": 1.0, "band": "suggest", "aboutness": "main", "source": "model+alias", "evidence": [{"field": "title", "start": 4, "end": 11, "text": "Taliban", "weight": 3.3492}], "evidence_against": []}, {"tag": "attack", "label": "Attack", "kind": "theme", "score": 1.0, "band": "suggest", "aboutness": "main", "source": "model", "evidence": [], "evidence_against": []}], "mentioned": [], "unknown_tags": [], "removed": [], "reason": null}','2026-11-30T10:37:29.159355+00:00');
INSERT INTO "suggestion_sets" VALUES('e936ecf1bdce829fc5f0541a3743e2a1','wp:a-033','44306677f2bd958eba812602d659f20b60d015645171b1e9cafb94c66f5da798','20261130-103727-4aa11934','t-2110eff2be03','{"model_version": "20261130-103727-4aa11934", "taxonomy_version": "t-2110eff2be03", "suggestions": [{"tag": "attack", "label": "Attack", "kind": "theme", "score": 1.0, "band": "suggest", "aboutness": "main", "source": "model", "evidence": [], "evidence_against": [{"field": "body", "start": 94, "end": 101, "text": "Tuesday", "weight": -0.5769}]}, {"tag": "al-shabaab", "label": "Al Shabaab", "kind": "group", "score": 0.9998, "band": "suggest", "aboutness": "main", "source": "model+alias", "evidence": [{"field": "title", "start": 0, "end": 10, "text": "Al Shabaab", "weight": 2.4937}], "evidence_against": [{"field": "body", "start": 94, "end": 101, "text": "Tuesday", "weight": -0.8887}]}, {"tag": "somalia", "label": "Somalia", "kind": "place", "score": 0.9985, "band": "suggest", "aboutness": "main", "source": "model+alias", "evidence": [{"field": "title", "start": 21, "end": 30, "text": "Mogadishu", "weight": 2.4937}], "evidence_against": [{"field": "body", "start": 94, "end": 101, "text": "Tuesday", "weight": -0.9292}]}], "mentioned": [], "unknown_tags": [], "removed": [], "reason": null}','2026-11-30T10:37:29.179166+00:00');
INSERT INTO "suggestion_sets" VALUES('5a91e711d25ca4c8da2f55c045ae6604','wp:a-034','625ef5240a0796f9a94ce4e0b8fe2e4e2272edb98d502d095756cdd5a8f2b3d2','20261130-103727-4aa11934','t-2110eff2be03','{"model_version": "20261130-103727-4aa11934", "taxonomy_version": "t-2110eff2be03", "suggestions": [{"tag": "afghanistan", "label": "Afghanistan", "kind": "place", "score": 1.0, "band": "suggest", "aboutness": "main", "source": "model+alias", "evidence": [{"field": "title", "start": 15, "end": 20, "text": "Kabul", "weight": 4.5154}], "evidence_against": []}, {"tag": "attack", "label": "Attack", "kind": "theme", "score": 1.0, "band": "suggest", "aboutness": "main", "source": "model", "evidence": [], "evidence_against": []}, {"tag": "iskp", "label": "Islamic State Khorasan Province", "kind": "group", "score": 0.9999, "band": "suggest", "aboutness": "main", "source": "model+alias", "evidence": [{"field": "title", "start": 0, "end": 4, "text": "ISKP", "weight": 1.9304}], "evidence_against": []}], "mentioned": [], "unknown_tags": [], "removed": [], "reason": null}','2026-11-30T10:37:29.190555+00:00');
INSERT INTO "suggestion_sets" VALUES('1f285b12e05aeccdc9e0eb14c1906333','wp:a-035','e1a04ecc0b7af105ec03775efb3d92ec4e65263af1f3aa8b00718b0eae5ed4b4','20261130-103727-4aa11934','t-2110eff2be03','{"model_version": "20261130-103727-4aa11934", "taxonomy_version": "t-2110eff2be03", "suggestions": [{"tag": "attack", "label": "Attack", "kind": "theme", "score": 1.0, "band": "suggest", "aboutness": "main", "source": "model", "evidence": [], "evidence_against": []}, {"tag": "al-shabaab", "label": "Al Shabaab", "kind": "group", "score": 1.0, "band": "suggest", "aboutness": "main", "source": "model+alias", "evidence": [{"field": "title", "start": 0, "end": 10, "text": "Al Shabaab", "weight": 2.4937}], "evidence_against": []}, {"tag": "somalia", "label": "Somalia", "kind": "place", "score": 0.9996, "band": "suggest", "aboutness": "main", "source": "model+alias", "evidence": [{"field": "title", "start": 21, "end": 30, "text": "Mogadishu", "weight": 2.4937}], "evidence_against": []}], "mentioned": [], "unknown_tags": [], "removed": [], "reason": null}','2026-11-30T10:37:29.207480+00:00');
INSERT INTO "suggestion_sets" VALUES('06cf74418665a4834546037c1cc8f74e','wp:a-036','966417274f0f267a66834b402fffcd00069db7b7a493768fe669d75e907bb7aa','20261130-103727-4aa11934','t-2110eff2be03','{"model_version": "20261130-103727-4aa11934", "taxonomy_version": "t-2110eff2be03", "suggestions": [{"tag": "afghanistan", "label": "Afghanistan", "kind": "place", "score": 1.0, "band": "suggest", "aboutness": "main", "source": "model+alias", "evidence": [{"field": "title", "start": 22, "end": 27, "text": "Kabul", "weight": 4.5154}, {"field": "body", "start": 14, "end": 17, "text": "two", "weight": 1.9029}], "evidence_against": [{"field": "title", "start": 29, "end": 35, "text": "market", "weight": -0.6965}]}, {"tag": "attack", "label": "Attack", "kind": "theme", "score": 1.0, "band": "suggest", "aboutness": "main", "source": "model", "evidence": [{"field": "title", "start": 29, "end": 35, "text": "market", "weight": 1.8459}], "evidence_against": [{"field": "body", "start": 14, "end": 17, "text": "two", "weight": -0.7959}]}, {"tag": "taliban", "label": "Taliban", "kind": "group", "score": 1.0, "band": "suggest", "aboutness": "main", "source": "model+alias", "evidence": [{"field": "title", "start": 4, "end": 11, "text": "Taliban", "weight": 3.3492}], "evidence_against": [{"field": "title", "start": 29, "end": 35, "text": "market", "weight": -1.7164}, {"field": "body", "start": 14, "end": 17, "text": "two", "weight": -0.431}]}], "mentioned": [], "unknown_tags": [], "removed": [], "reason": null}','2026-11-30T10:37:29.223584+00:00');
INSERT INTO "suggestion_sets" VALUES('4ba2111b2b41c75a0e042c48bffba358','wp:a-037','775b8973414eff9e0956258d39d7bdec8f6d749f71d55f7c065d9368678ac600','20261130-103727-4aa11934','t-2110eff2be03','{"model_version": "20261130-103727-4aa11934", "taxonomy_version": "t-2110eff2be03", "suggestions": [{"tag": "attack", "label": "Attack", "kind": "theme", "score": 1.0, "band": "suggest", "aboutness": "main", "source": "model", "evidence": [{"field": "body", "start": 97, "end": 103, "text": "Monday", "weight": 1.384}, {"field": "body", "start": 16, "end": 21, "text": "seven", "weight": 0.9584}, {"field": "body", "start": 87, "end": 93, "text": "market", "weight": 0.8092}], "evidence_against": []}, {"tag": "al-shabaab", "label": "Al Shabaab", "kind": "group", "score": 0.9999, "band": "suggest", "aboutness": "main", "source": "model+alias", "evidence": [{"field": "title", "start": 0, "end": 10, "text": "Al Shabaab", "weight": 2.4937}, {"field": "body", "start": 97, "end": 103, "text": "Monday", "weight": 1.3322}, {"field": "body", "start": 87, "end": 93, "text": "market", "weight": 0.4965}, {"field": "body", "start": 16, "end": 21, "text": "seven", "weight": 0.4534}], "evidence_against": []}, {"tag": "somalia", "label": "Somalia", "kind": "place", "score": 0.9995, "band": "suggest", "aboutness": "main", "source": "model+alias", "evidence": [{"field": "title", "start": 21, "end": 30, "text": "Mogadishu", "weight": 2.4937}, {"field": "body", "start": 97, "end": 103, "text": "Monday", "weight": 1.5174}, {"field": "body", "start": 87, "end": 93, "text": "market", "weight": 0.7941}, {"field": "body", "start": 16, "end": 21, "text": "seven", "weight": 0.6615}], "evidence_against": []}], "mentioned": [], "unknown_tags": [], "removed": [], "reason": null}','2026-11-30T10:37:29.239581+00:00');
INSERT INTO "suggestion_sets" VALUES('812cc779b751d2c2384d55c48c16dff4','wp:a-038','12a3ec35419109442259aa34d893ba5d83f2676a9f6659bcfce518e9df47661b','20261130-103727-4aa11934','t-2110eff2be03','{"model_version": "20261130-103727-4aa11934", "taxonomy_version": "t-2110eff2be03", "suggestions": [{"tag": "al-shabaab", "label": "Al Shabaab", "kind": "group", "score": 1.0, "band": "suggest", "aboutness": "main", "source": "model+alias", "evidence": [{"field": "title", "start": 0, "end": 10, "text": "Al Shabaab", "weight": 2.4937}, {"field": "title", "start": 34, "end": 40, "text": "market", "weight": 1.6755}, {"field": "body", "start": 60, "end": 65, "text": "heard", "weight": 0.6912}, {"field": "body", "start": 54, "end": 59, "text": "judge", "weight": 0.6912}], "evidence_against": []}, {"tag": "somalia", "label": "Somalia", "kind": "place", "score": 1.0, "band": "suggest", "aboutness": "main", "source": "model+alias", "evidence": [{"field": "title", "start": 34, "end": 40, "text": "market", "weight": 2.4986}, {"field": "title", "start": 23, "end": 32, "text": "Mogadishu", "weight": 2.4937}, {"field": "body", "start": 60, "end": 65, "text": "heard", "weight": 0.881}, {"field": "body", "start": 54, "end": 59, "text": "judge", "weight": 0.881}], "evidence_against": []}, {"tag": "trial", "label": "Trial", "kind": "theme", "score": 1.0, "band": "suggest", "aboutness": "main", "source": "model", "evidence": [{"field": "body", "start": 60, "end": 65, "text": "heard", "weight": 1.9482}, {"field": "body", "start": 54, "end": 59, "text": "judge", "weight": 1.9482}, {"field": "body", "start": 72, "end": 81, "text": "witnesses", "weight": 1.9482}, {"field": "title", "start": 34, "end": 40, "text": "market", "weight": 0.6334}], "evidence_against": []}], "mentioned": [], "unknown_tags": [], "removed": [], "reason": null}','2026-11-30T10:37:29.255564+00:00');
INSERT INTO "suggestion_sets" VALUES('e0258a7e0ed4d87932e1f73e0c2cda02','wp:a-039','ae6f15b1ca96642a4578fe5d8bbed70df03e568e47c89ac34c3e70d634ba0a0c','20261130-103727-4aa11934','t-2110eff2be03','{"model_version": "20261130-103727-4aa11934", "taxonomy_version": "t-2110eff2be03", "suggestions": [{"tag": "attack", "label": "Attack", "kind": "theme", "score": 1.0, "band": "suggest", "aboutness": "main", "source": "model", "evidence": [{"field": "title", "start": 22, "end": 28, "text": "market", "weight": 1.8196}, {"field": "body", "start": 92, "end": 98, "text": "Monday", "weight": 1.5481}], "evidence_against": []}, {"tag": "afghanistan", "label": "Afghanistan", "kind": "place", "score": 1.0, "band": "suggest", "aboutness": "main", "source": "model+alias", "evidence": [{"field": "title", "start": 15, "end": 20, "text": "Kabul", "weight": 4.5154}], "evidence_against": [{"field": "body", "start": 92, "end": 98, "text": "Monday", "weight": -1.1569}, {"field": "title", "start": 22, "end": 28, "text": "market", "weight": -0.7357}]}, {"tag": "iskp", "label": "Islamic State Khorasan Province", "kind": "group", "score": 1.0, "band": "suggest", "aboutness": "main", "source": "model+alias", "evidence": [{"field": "title", "start": 0, "end": 4, "text": "ISKP", "weight": 1.9304}, {"field": "title", "start": 22, "end": 28, "text": "market", "weight": 0.4228}], "evidence_against": [{"field": "body", "start": 92, "end": 98, "text": "Monday", "weight": -0.9134}]}], "mentioned": [], "unknown_tags": [], "removed": [], "reason": null}','2026-11-30T10:37:29.267438+00:00');
CREATE TABLE texts (
	article_id VARCHAR(200) NOT NULL, 
	digest VARCHAR(64) NOT NULL, 
	sketch BLOB NOT NULL, 
	CONSTRAINT pk_texts PRIMARY KEY (article_id, digest), 
	CONSTRAINT fk_texts_article_id_articles FOREIGN KEY(article_id) REFERENCES articles (id) ON DELETE CASCADE
);
CREATE INDEX ix_suggestion_sets_article_id ON suggestion_sets (article_id);
CREATE INDEX ix_articles_created_at ON articles (created_at, id);
CREATE INDEX ix_articles_state ON articles (state, margin, id);
CREATE INDEX ix_impressions_tag ON impressions (tag);
CREATE INDEX ix_decisions_article_id ON decisions (article_id, n);
CREATE INDEX ix_requests_started_at ON requests (started_at);
CREATE INDEX ix_sessions_seen_at ON sessions (seen_at);
CREATE INDEX ix_runs_job ON runs (job, started_at);
CREATE INDEX ix_assignments_article_id ON assignments (article_id, tag);
CREATE INDEX ix_assignments_run_id ON assignments (run_id, n);
CREATE UNIQUE INDEX uq_assignments_article_id ON assignments (article_id, tag) WHERE undone_at IS NULL;
CREATE INDEX ix_counters_ends_at ON counters (ends_at);
COMMIT;
