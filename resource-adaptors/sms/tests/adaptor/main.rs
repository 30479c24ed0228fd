//! The adaptor in a test kit: a service that passes messages on, between scripted ESMEs and message centres.

mod courier;
mod links;
mod load;
mod receipts;
mod restart;
mod serving;
