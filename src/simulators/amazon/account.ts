/** The simulated seller's account and the application that may act for it. */
export type AmazonAccount = {
  readonly sellerId: string;
  readonly marketplaceId: string;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly refreshToken: string;
  /** Of the seller's own AWS account, which holds the queue. */
  readonly awsAccessKeyId: string;
  readonly awsSecretAccessKey: string;
  readonly awsRegion: string;
  readonly queueName: string;
};

export const demoAmazonAccount: AmazonAccount = {
  sellerId: "A1LOCKSTEPDEMO",
  marketplaceId: "ATVPDKIKX0DER",
  clientId: "amzn1.application-oa2-client.lockstepdemo",
  clientSecret: "amzn1.oa2-cs.v1.lockstepdemosecret",
  refreshToken: "Atzr|lockstepdemorefresh",
  awsAccessKeyId: "AKIALOCKSTEPDEMO",
  awsSecretAccessKey: "lockstepdemoawssecret",
  awsRegion: "us-east-1",
  queueName: "lockstep-order-changes",
};

/** Stock that lies with Amazon stands under the region's own channel code (channel document §6). */
export const amazonChannelCode = "AMAZON_NA";
export const merchantChannelCode = "DEFAULT";
