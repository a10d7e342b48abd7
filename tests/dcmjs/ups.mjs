// dcmjs-dimse as a UPS client (PS3.4 CC.2). Each line of stdin is a request as JSON, each line of
// stdout its answer: `statuses` and `datasets` (DICOM JSON), or the `error` that ended the association.
import { createInterface } from 'node:readline';
import dimse from 'dcmjs-dimse';
import dcmjs from 'dcmjs';

const { naturalizeDataset, denaturalizeDataset } = dcmjs.data.DicomMetaDictionary;
const { Client, Dataset, requests } = dimse;

dimse.log.setLevel('silent');

const find = (sopClass) => {
  const request = new requests.CFindRequest();
  request.setAffectedSopClassUid(sopClass);
  return request;
};

const operations = {
  create: (it) => new requests.NCreateRequest(it.class, it.instance, it.context),
  set: (it) => new requests.NSetRequest(it.class, it.instance, it.context),
  get: (it) => new requests.NGetRequest(it.class, it.instance, it.keywords, it.context),
  action: (it) => new requests.NActionRequest(it.class, it.instance, it.action, it.context),
  find: (it) => find(it.context),
};

// dcmjs writes UTF-8 whatever the character set says, so it has to say UTF-8.
const datasetOf = (json) => {
  const elements = naturalizeDataset(json);
  if (elements.SpecificCharacterSet) elements.SpecificCharacterSet = 'ISO_IR 192';
  return new Dataset(elements);
};

const jsonOf = (dataset) => {
  const json = denaturalizeDataset(dataset.getElements());
  delete json._vrMap;
  return json;
};

const ask = (it) =>
  new Promise((resolve) => {
    const answer = { statuses: [], datasets: [] };
    const fail = (error) => resolve({ error: String(error?.message ?? error) });
    const request = operations[it.operation](it);
    if (it.dataset) request.setDataset(datasetOf(it.dataset));
    request.on('response', (response) => {
      answer.statuses.push(response.getStatus());
      const dataset = response.hasDataset() && response.getDataset();
      if (dataset) answer.datasets.push(jsonOf(dataset));
    });
    const client = new Client();
    client.addRequest(request);
    client.on('associationRejected', (why) => fail(`rejected: ${JSON.stringify(why)}`));
    client.on('networkError', fail);
    client.on('closed', () => resolve(answer));
    client.send(it.host, it.port, it.calling, it.called);
  });

for await (const line of createInterface({ input: process.stdin })) {
  const answer = await ask(JSON.parse(line));
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
